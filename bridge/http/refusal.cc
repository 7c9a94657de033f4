#include "bridge/http/refusal.h"

#include <random>

#include "absl/strings/str_cat.h"
#include "bridge/http/problem.h"

namespace sluice {
namespace {

// Spread out, so that clients that were refused together do not come back
// together.
uint32_t RetryMs(const Refusal& refusal) {
  thread_local std::minstd_rand random{std::random_device{}()};
  const uint32_t pause = std::uniform_int_distribution<uint32_t>(1000, 5000)(random);
  return pause + static_cast<uint32_t>(absl::ToInt64Milliseconds(refusal.retry_after));
}

// Where the moment is known it is said as it is.
int64_t RetrySeconds(const Refusal& refusal) {
  const absl::Duration wait = refusal.retry_after > absl::ZeroDuration()
                                  ? refusal.retry_after
                                  : absl::Milliseconds(RetryMs(refusal));
  return absl::ToInt64Seconds(absl::Ceil(wait, absl::Seconds(1)));
}

bool AsStream(const Refusal& refusal, RefusalForm form) {
  if (!refusal.for_now() || form.style == RefusalStyle::kStatus) return false;
  return form.style == RefusalStyle::kStream || form.from_event_source;
}

}  // namespace

Response ToResponse(const Refusal& refusal, RefusalForm form) {
  Response response;
  response.close = refusal.close;
  response.fields.emplace_back("Cache-Control", "no-store");
  if (AsStream(refusal, form)) {
    response.fields.emplace_back("Content-Type", "text/event-stream");
    response.body = absl::StrCat("retry: ", RetryMs(refusal), "\n\n");
    response.close = true;
    return response;
  }
  response.status = refusal.status;
  if (refusal.status == 204) return response;
  if (refusal.for_now()) {
    response.fields.emplace_back("Retry-After", absl::StrCat(RetrySeconds(refusal)));
  }
  if (refusal.status == 401) response.fields.emplace_back("WWW-Authenticate", "Bearer");
  response.fields.emplace_back("Content-Type", "application/problem+json");
  response.body = ProblemJson(refusal.status, refusal.detail, refusal.denied_topics);
  return response;
}

}  // namespace sluice

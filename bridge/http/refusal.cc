#include "bridge/http/refusal.h"

#include <random>

#include "absl/strings/str_cat.h"
#include "bridge/http/problem.h"

namespace sluice {
namespace {

// Spread out, so that clients that were refused together do not come back
// together.
uint32_t RetryMs() {
  thread_local std::minstd_rand random{std::random_device{}()};
  return std::uniform_int_distribution<uint32_t>(1000, 5000)(random);
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
    response.body = absl::StrCat("retry: ", RetryMs(), "\n\n");
    response.close = true;
    return response;
  }
  response.status = refusal.status;
  if (refusal.status == 204) return response;
  if (refusal.for_now()) {
    response.fields.emplace_back("Retry-After", absl::StrCat((RetryMs() + 999) / 1000));
  }
  if (refusal.status == 401) response.fields.emplace_back("WWW-Authenticate", "Bearer");
  response.fields.emplace_back("Content-Type", "application/problem+json");
  response.body = ProblemJson(refusal.status, refusal.detail, refusal.denied_topics);
  return response;
}

}  // namespace sluice

#include "bridge/http/stream_frames.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "bridge/base/json_quote.h"
#include "bridge/base/timestamp.h"

namespace sluice {
namespace {

std::string ConnectData(const ConnectPolicy& policy, const StreamOpening& opening) {
  if (policy.data.empty()) {
    const auto quote = [](std::string* out, const std::string& topic) {
      out->append(JsonQuote(topic));
    };
    return absl::StrCat("{\"topics\":[", absl::StrJoin(opening.topics, ",", quote), "]}");
  }
  return absl::StrReplaceAll(policy.data,
                             {{"${now}", Timestamp(opening.now)},
                              {"${subject}", JsonInner(opening.subject)},
                              {"${topics}", JsonInner(absl::StrJoin(opening.topics, ","))}});
}

}  // namespace

SseFrame OpeningFrame(const Route& route, const StreamOpening& opening) {
  SseFields fields;
  fields.id = opening.start_id;
  fields.retry_ms = route.retry_ms;
  std::string data;
  if (route.connect.enabled) {
    data = ConnectData(route.connect, opening);
    fields.event = route.connect.event;
    fields.data = data;
  } else if (fields.id.empty() && !fields.retry_ms) {
    return SseFrame();
  }
  return SseFrame(fields);
}

SseFrame ErrorFrame(const Route& route, std::string_view code, std::string_view message,
                    absl::Time now) {
  const std::string data =
      absl::StrReplaceAll(route.error.data, {{"${code}", JsonInner(code)},
                                             {"${message}", JsonInner(message)},
                                             {"${now}", Timestamp(now)}});
  SseFields fields;
  if (route.view == nullptr || route.view->event_line) fields.event = route.error.event;
  fields.data = data;
  return SseFrame(fields);
}

SseFrame RetryFrame(uint32_t retry_ms) {
  SseFields fields;
  fields.retry_ms = retry_ms;
  return SseFrame(fields);
}

}  // namespace sluice

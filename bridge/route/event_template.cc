#include "bridge/route/event_template.h"

#include "absl/strings/str_replace.h"
#include "bridge/base/json_quote.h"
#include "bridge/base/timestamp.h"

namespace sluice {

Event FromTemplate(const EventTemplate& event, const absl::Status& status, absl::Time now) {
  const absl::string_view message = status.message();
  Event filled;
  filled.type = event.event;
  // (In one pass: what a backend's message holds is never taken for a name.)
  filled.data =
      absl::StrReplaceAll(event.data, {{"${code}", absl::StatusCodeToString(status.code())},
                                       {"${message}", JsonInner({message.data(), message.size()})},
                                       {"${now}", Timestamp(now)}});
  filled.time = now;
  filled.end_of_stream = true;
  return filled;
}

}  // namespace sluice

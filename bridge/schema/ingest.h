// From what a service published to events that can be stored: everything is
// validated and every payload becomes JSON or text, once.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "bridge/base/clock.h"
#include "bridge/event/event.h"
#include "bridge/schema/json_transcoder.h"

namespace google::protobuf {
template <typename T>
class RepeatedPtrField;
}
namespace sluice::v1 {
class Event;
}

namespace sluice {

// Thread-safe.
class Ingest {
 public:
  Ingest(const JsonTranscoder& transcoder, const Clock& clock, uint32_t events_max);

  // What can be said of them without a look at what is in them: their number and their
  // topics. Errors as below.
  absl::Status CheckTopics(const google::protobuf::RepeatedPtrField<v1::Event>& events) const;

  // All of them, or the first fault: INVALID_ARGUMENT "events[3].topic: …" or
  // RESOURCE_EXHAUSTED naming the bound. (Bounds on each field:
  // proto/sluice/v1/event.proto.)
  absl::StatusOr<std::vector<Event>> Take(
      const google::protobuf::RepeatedPtrField<v1::Event>& events) const;

 private:
  absl::Status CheckCount(int events) const;

  const JsonTranscoder& transcoder_;
  const Clock& clock_;
  uint32_t events_max_;
};

}  // namespace sluice

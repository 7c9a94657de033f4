// What a backend's responses are as events.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "bridge/event/event.h"
#include "bridge/schema/schema.h"

namespace sluice {

class Clock;
class Ingest;
class JsonTranscoder;

// A message of any type is one event, as its schema says. A method that answers
// sluice.v1.Event, or sluice.v1.WatchResponse with any number of them, says itself
// what its events are.
//
// Immutable; thread-safe. What it is given outlives it.
class ResponseEvents {
 public:
  // NOT_FOUND: the schema does not have the method.
  static absl::StatusOr<ResponseEvents> Of(std::string_view method, SchemaPtr schema,
                                           const JsonTranscoder& transcoder, const Ingest& ingest,
                                           const Clock& clock);

  struct Taken {
    std::vector<Event> events;         // without topic and publisher_id
    std::vector<absl::Status> faults;  // of what cannot be an event
  };
  Taken Take(std::string_view response) const;

 private:
  enum class Kind { kMessage, kEvent, kEvents };
  ResponseEvents(Kind kind, SchemaPtr schema, const MessageType& type,
                 const JsonTranscoder& transcoder, const Ingest& ingest, const Clock& clock)
      : kind_(kind),
        schema_(std::move(schema)),
        type_(&type),
        transcoder_(&transcoder),
        ingest_(&ingest),
        clock_(&clock) {}

  Taken TakeMessage(std::string_view response) const;

  Kind kind_;
  SchemaPtr schema_;
  const MessageType* type_;
  const JsonTranscoder* transcoder_;
  const Ingest* ingest_;
  const Clock* clock_;
};

// NOT_FOUND: the method is unknown, or does not answer one request with a stream; says
// what to do about it.
absl::StatusOr<const google::protobuf::MethodDescriptor*> FindStreamingMethod(
    const Schema& schema, std::string_view method);

}  // namespace sluice

#include "bridge/relay/response_events.h"

#include <google/protobuf/descriptor.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "bridge/base/clock.h"
#include "bridge/base/text.h"
#include "bridge/schema/deep_message.h"
#include "bridge/schema/ingest.h"
#include "bridge/schema/json_transcoder.h"
#include "sluice/v1/event.pb.h"
#include "sluice/v1/event_source.pb.h"

namespace sluice {
namespace {

namespace pb = google::protobuf;

// An event has to have a topic to be valid; this one goes nowhere.
constexpr char kNoTopic[] = "call";

// Each by itself: a bad one does not take the others along.
ResponseEvents::Taken TakeEvents(pb::RepeatedPtrField<v1::Event>& events, const Ingest& ingest) {
  ResponseEvents::Taken taken;
  taken.events.reserve(events.size());
  pb::RepeatedPtrField<v1::Event> one;
  one.Add();
  for (v1::Event& event : events) {
    one[0].Swap(&event);
    one[0].set_topic(kNoTopic);
    one[0].clear_id();
    absl::StatusOr<std::vector<Event>> valid = ingest.Take(one);
    if (!valid.ok()) {
      taken.faults.push_back(valid.status());
      continue;
    }
    taken.events.push_back(std::move(valid->front()));
    taken.events.back().topic.clear();
  }
  return taken;
}

ResponseEvents::Taken Unreadable(std::string_view type) {
  return {{}, {absl::InvalidArgumentError(absl::StrCat("is no valid ", AsAbsl(type)))}};
}

}  // namespace

absl::StatusOr<const pb::MethodDescriptor*> FindStreamingMethod(const Schema& schema,
                                                                std::string_view method) {
  const pb::MethodDescriptor* found = schema.FindMethod(method);
  if (found == nullptr) {
    return absl::NotFoundError(absl::StrCat(
        "the bridge does not know the method \"", AsAbsl(method),
        "\": write it as package.Service/Method, and name its file in schema.descriptor_sets or "
        "let the backend serve reflection"));
  }
  if (!found->server_streaming() || found->client_streaming()) {
    return absl::NotFoundError(absl::StrCat(
        "the method \"", AsAbsl(method), "\" ",
        found->client_streaming() ? "takes a stream of requests" : "does not answer with a stream",
        "; name one that answers one request with a stream (returns (stream …))"));
  }
  return found;
}

absl::StatusOr<ResponseEvents> ResponseEvents::Of(std::string_view method, SchemaPtr schema,
                                                  const JsonTranscoder& transcoder,
                                                  const Ingest& ingest, const Clock& clock) {
  const auto found = FindStreamingMethod(*schema, method);
  if (!found.ok()) return found.status();
  const std::string& type_name = (*found)->output_type()->full_name();
  const MessageType* type = schema->Find(type_name);
  if (type == nullptr) return UnknownType(type_name);
  Kind kind = Kind::kMessage;
  if (type_name == "sluice.v1.Event") kind = Kind::kEvent;
  if (type_name == "sluice.v1.WatchResponse") kind = Kind::kEvents;
  return ResponseEvents(kind, std::move(schema), *type, transcoder, ingest, clock);
}

ResponseEvents::Taken ResponseEvents::Take(std::string_view response) const {
  v1::WatchResponse events;
  switch (kind_) {
    case Kind::kMessage:
      return TakeMessage(response);
    case Kind::kEvent:
      if (!ParseDeepMessage(response, events.add_events())) return Unreadable("sluice.v1.Event");
      break;
    case Kind::kEvents:
      if (!ParseDeepMessage(response, &events)) return Unreadable("sluice.v1.WatchResponse");
      break;
  }
  return TakeEvents(*events.mutable_events(), *ingest_);
}

ResponseEvents::Taken ResponseEvents::TakeMessage(std::string_view response) const {
  absl::StatusOr<TypedJson> typed = transcoder_->FromMessage(*schema_, *type_, response);
  if (!typed.ok()) return {{}, {typed.status()}};
  Taken taken;
  Event& event = taken.events.emplace_back();
  event.type = std::move(typed->type);
  event.data = std::move(typed->json);
  event.end_of_stream = typed->end_of_stream;
  event.time = clock_->Now();
  return taken;
}

}  // namespace sluice

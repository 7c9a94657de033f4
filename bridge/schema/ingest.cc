#include "bridge/schema/ingest.h"

#include <algorithm>
#include <utility>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "bridge/base/text.h"
#include "bridge/event/event_fields.h"
#include "bridge/event/topic.h"
#include "sluice/v1/event.pb.h"

namespace sluice {
namespace {

constexpr int64_t kRetrySecondsMax = 24 * 60 * 60;
constexpr int64_t kTimeSecondsMin = -62'135'596'800;  // year 1
constexpr int64_t kTimeSecondsMax = 253'402'300'799;  // year 9999
constexpr int32_t kNanosPerMs = 1'000'000;

absl::Status Refuse(absl::string_view why) { return absl::InvalidArgumentError(why); }

// With what `why` carries besides its message.
absl::Status Reworded(const absl::Status& why, absl::string_view message) {
  absl::Status status(why.code(), message);
  why.ForEachPayload([&status](absl::string_view url, const absl::Cord& payload) {
    status.SetPayload(url, payload);
  });
  return status;
}

// `why` it is, said of `field`.
absl::Status At(absl::string_view field, const absl::Status& why) {
  return why.ok() ? why : Reworded(why, absl::StrCat(field, ": ", why.message()));
}

absl::Status CheckTopic(const std::string& topic) {
  // It stands for whoever subscribes, so nobody could read what it is.
  if (topic.find("{subject}") != std::string::npos) return Refuse("may not hold {subject}");
  return ValidateTopic(topic);
}

absl::StatusOr<Attributes> TakeAttributes(const v1::Event& event) {
  if (absl::Status s = ValidateAttributeCount(event.attributes_size()); !s.ok()) return s;
  Attributes attributes;
  attributes.reserve(event.attributes_size());
  for (const auto& [key, value] : event.attributes()) {
    if (absl::Status s = ValidateAttribute(key, value); !s.ok()) return s;
    attributes.emplace_back(key, value);
  }
  std::sort(attributes.begin(), attributes.end());
  return attributes;
}

absl::StatusOr<absl::Time> TakeTime(const google::protobuf::Timestamp& time) {
  if (time.seconds() < kTimeSecondsMin || time.seconds() > kTimeSecondsMax || time.nanos() < 0 ||
      time.nanos() > 999'999'999) {
    return Refuse("is not a time between the years 1 and 9999");
  }
  return absl::FromUnixSeconds(time.seconds()) + absl::Nanoseconds(time.nanos());
}

absl::StatusOr<uint32_t> TakeRetry(const google::protobuf::Duration& retry) {
  const int64_t seconds = retry.seconds();
  const int32_t nanos = retry.nanos();
  if (seconds < 0 || nanos < 0 || nanos >= 1000 * kNanosPerMs || seconds > kRetrySecondsMax ||
      (seconds == kRetrySecondsMax && nanos > 0)) {
    return Refuse("is not between 0 and 24 hours");
  }
  if (nanos % kNanosPerMs != 0) return Refuse("is not in whole milliseconds");
  return static_cast<uint32_t>(seconds * 1000 + nanos / kNanosPerMs);
}

absl::Status CheckFlags(const Event& event) {
  if (event.transient && event.end_of_stream) {
    return Refuse("transient: may not be set together with end_of_stream, which is kept");
  }
  if (!event.data && !event.retry_ms && !event.end_of_stream) {
    return Refuse(
        "payload: set one of message, json, raw_json and text (only an event with retry or "
        "end_of_stream may go without)");
  }
  return absl::OkStatus();
}

// What a message's schema says of it; the publisher's own type wins.
absl::Status TakeMessage(const google::protobuf::Any& message, const JsonTranscoder& transcoder,
                         Event* event) {
  absl::StatusOr<TypedJson> typed = transcoder.FromAny(message);
  if (!typed.ok()) return typed.status();
  if (event->type.empty()) event->type = std::move(typed->type);
  event->end_of_stream |= typed->end_of_stream;
  event->data = std::move(typed->json);
  return absl::OkStatus();
}

absl::Status TakeData(absl::StatusOr<std::string> data, Event* event) {
  if (!data.ok()) return data.status();
  event->data = *std::move(data);
  return absl::OkStatus();
}

absl::Status TakePayload(const v1::Event& source, const JsonTranscoder& transcoder, Event* event) {
  switch (source.payload_case()) {
    case v1::Event::kMessage:
      return At("message", TakeMessage(source.message(), transcoder, event));
    case v1::Event::kJson:
      return At("json", TakeData(transcoder.FromValue(source.json()), event));
    case v1::Event::kRawJson:
      return At("raw_json", TakeData(transcoder.FromRawJson(source.raw_json()), event));
    case v1::Event::kText:
      event->data_is_text = true;
      return At("text", TakeData(transcoder.FromText(source.text()), event));
    case v1::Event::PAYLOAD_NOT_SET:
      break;
  }
  return absl::OkStatus();
}

absl::Status CheckId(std::string_view id) {
  if (!IsOwnId(id)) return ValidatePublisherId(id);
  return absl::InvalidArgumentError(absl::StrCat("begins with \"", AsAbsl(kOwnIdPrefix),
                                                 "\", which is kept for ids of the bridge's own"));
}

// Everything but the payload.
absl::StatusOr<Event> TakeEnvelope(const v1::Event& source, absl::Time received_at) {
  Event event;
  event.topic = source.topic();
  event.publisher_id = source.id();
  event.type = source.type();
  event.time = received_at;
  event.transient = source.transient();
  event.end_of_stream = source.end_of_stream();
  if (absl::Status s = At("topic", CheckTopic(event.topic)); !s.ok()) return s;
  if (absl::Status s = At("id", CheckId(event.publisher_id)); !s.ok()) return s;
  if (absl::Status s = At("type", ValidateEventType(event.type)); !s.ok()) return s;
  absl::StatusOr<Attributes> attributes = TakeAttributes(source);
  if (!attributes.ok()) return At("attributes", attributes.status());
  event.attributes = *std::move(attributes);
  if (source.has_time()) {
    absl::StatusOr<absl::Time> time = TakeTime(source.time());
    if (!time.ok()) return At("time", time.status());
    event.time = *time;
  }
  if (source.has_retry()) {
    absl::StatusOr<uint32_t> retry_ms = TakeRetry(source.retry());
    if (!retry_ms.ok()) return At("retry", retry_ms.status());
    event.retry_ms = *retry_ms;
  }
  return event;
}

}  // namespace

Ingest::Ingest(const JsonTranscoder& transcoder, const Clock& clock, uint32_t events_max)
    : transcoder_(transcoder), clock_(clock), events_max_(events_max) {}

absl::Status Ingest::CheckCount(int events) const {
  if (events == 0) return Refuse("events: at least one is required");
  if (static_cast<uint32_t>(events) > events_max_) {
    return absl::ResourceExhaustedError(
        absl::StrCat("events: are more than ", events_max_, " (limits.events_per_publish)"));
  }
  return absl::OkStatus();
}

absl::Status Ingest::CheckTopics(
    const google::protobuf::RepeatedPtrField<v1::Event>& events) const {
  if (absl::Status s = CheckCount(events.size()); !s.ok()) return s;
  for (int i = 0; i < events.size(); ++i) {
    const absl::Status s = CheckTopic(events[i].topic());
    if (!s.ok()) return At(absl::StrCat("events[", i, "].topic"), s);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<Event>> Ingest::Take(
    const google::protobuf::RepeatedPtrField<v1::Event>& events) const {
  if (absl::Status s = CheckCount(events.size()); !s.ok()) return s;
  const absl::Time now = clock_.Now();
  std::vector<Event> taken;
  taken.reserve(events.size());
  for (int i = 0; i < events.size(); ++i) {
    const auto fault = [i](const absl::Status& why) {
      return Reworded(why, absl::StrCat("events[", i, "].", why.message()));
    };
    absl::StatusOr<Event> event = TakeEnvelope(events[i], now);
    if (!event.ok()) return fault(event.status());
    if (absl::Status s = TakePayload(events[i], transcoder_, &*event); !s.ok()) return fault(s);
    if (absl::Status s = CheckFlags(*event); !s.ok()) return fault(s);
    taken.push_back(*std::move(event));
  }
  return taken;
}

}  // namespace sluice

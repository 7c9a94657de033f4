#include "bridge/event_log/record.h"

#include <openssl/sha.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "bridge/event/event_fields.h"
#include "bridge/event/topic.h"
#include "sluice/event_log/v1/record.pb.h"

namespace sluice {
namespace {

using event_log::v1::Record;

void SetTime(absl::Time time, google::protobuf::Timestamp* stored) {
  const int64_t seconds = absl::ToUnixSeconds(time);
  stored->set_seconds(seconds);
  stored->set_nanos(
      static_cast<int32_t>(absl::ToInt64Nanoseconds(time - absl::FromUnixSeconds(seconds))));
}

// What can be told apart when an event is published again.
void SetContent(const Event& event, Record* record) {
  record->set_type(event.type);
  if (event.data) record->set_data(*event.data);
  record->set_data_is_text(event.data_is_text);
  for (const auto& [key, value] : event.attributes) {
    Record::Attribute* attribute = record->add_attributes();
    attribute->set_key(key);
    attribute->set_value(value);
  }
  if (event.retry_ms) record->set_retry_ms(*event.retry_ms);
  record->set_end_of_stream(event.end_of_stream);
}

absl::Status At(absl::string_view field, const absl::Status& why) {
  return why.ok() ? why : absl::DataLossError(absl::StrCat(field, ": ", why.message()));
}

// It stands in a frame as it is: as one line, or as text whose lines are told apart.
absl::Status CheckData(const Record& record) {
  const std::string_view data = record.data();
  const std::string_view refused =
      record.data_is_text() ? std::string_view("\r\0", 2) : std::string_view("\r\n\0", 3);
  if (data.find_first_of(refused) == std::string_view::npos) return absl::OkStatus();
  return absl::DataLossError("holds CR, LF or NUL");
}

absl::StatusOr<Attributes> TakeAttributes(Record* record) {
  if (absl::Status s = ValidateAttributeCount(record->attributes_size()); !s.ok()) return s;
  Attributes attributes;
  attributes.reserve(record->attributes_size());
  for (Record::Attribute& attribute : *record->mutable_attributes()) {
    if (absl::Status s = ValidateAttribute(attribute.key(), attribute.value()); !s.ok()) return s;
    attributes.emplace_back(std::move(*attribute.mutable_key()),
                            std::move(*attribute.mutable_value()));
  }
  if (!std::is_sorted(attributes.begin(), attributes.end())) {
    return absl::DataLossError("are not sorted");
  }
  return attributes;
}

}  // namespace

std::string EncodeRecord(const Event& event) {
  Record record;
  SetContent(event, &record);
  record.set_topic(event.topic);
  record.set_publisher_id(event.publisher_id);
  SetTime(event.time, record.mutable_time());
  return record.SerializeAsString();
}

absl::StatusOr<Event> DecodeRecord(std::string_view bytes) {
  Record record;
  if (!record.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return absl::DataLossError("is no record of an event");
  }
  absl::Status status = At("topic", ValidateTopic(record.topic()));
  status.Update(At("publisher_id", ValidatePublisherId(record.publisher_id())));
  status.Update(At("type", ValidateEventType(record.type())));
  status.Update(At("data", CheckData(record)));
  if (!status.ok()) return status;
  absl::StatusOr<Attributes> attributes = TakeAttributes(&record);
  if (!attributes.ok()) return At("attributes", attributes.status());

  Event event;
  event.topic = std::move(*record.mutable_topic());
  event.publisher_id = std::move(*record.mutable_publisher_id());
  event.type = std::move(*record.mutable_type());
  if (record.has_data()) event.data = std::move(*record.mutable_data());
  event.data_is_text = record.data_is_text();
  event.attributes = *std::move(attributes);
  event.time =
      absl::FromUnixSeconds(record.time().seconds()) + absl::Nanoseconds(record.time().nanos());
  if (record.has_retry_ms()) event.retry_ms = record.retry_ms();
  event.end_of_stream = record.end_of_stream();
  return event;
}

ContentDigest DigestContent(const Event& event) {
  Record record;
  SetContent(event, &record);
  std::string content = record.SerializeAsString();
  content.push_back(event.transient ? '\1' : '\0');
  ContentDigest digest;
  SHA256(reinterpret_cast<const unsigned char*>(content.data()), content.size(), digest.data());
  return digest;
}

}  // namespace sluice

#include "bridge/event_log/jetstream/stored_message.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "bridge/event_log/record.h"
#include "sluice/event_log/v1/jetstream.pb.h"

namespace sluice {
namespace {

constexpr int64_t kBaseBegins = 1'577'836'800'000;  // 2020-01-01, in milliseconds
constexpr uint64_t kOffsetsPerMillisecond = 65536;

}  // namespace

StreamOffsets::StreamOffsets(absl::Time created)
    : epoch_(static_cast<Epoch>(absl::ToUnixNanos(created))),
      base_(static_cast<uint64_t>(std::max<int64_t>(absl::ToUnixMillis(created) - kBaseBegins, 0)) *
            kOffsetsPerMillisecond) {}

std::string EncodeMessage(const std::vector<std::string>& records) {
  event_log::v1::StoredMessage message;
  for (const std::string& record : records) message.add_records(record);
  return message.SerializeAsString();
}

absl::StatusOr<std::vector<Event>> DecodeMessage(std::string_view topic, std::string_view body) {
  event_log::v1::StoredMessage message;
  if (!message.ParseFromArray(body.data(), static_cast<int>(body.size()))) {
    return absl::DataLossError("is no message of the event log");
  }
  if (message.records().empty() ||
      static_cast<uint64_t>(message.records_size()) > kEventsPerMessageMax) {
    return absl::DataLossError(absl::StrCat("holds ", message.records_size(), " events"));
  }
  std::vector<Event> events;
  events.reserve(static_cast<size_t>(message.records_size()));
  for (const std::string& record : message.records()) {
    absl::StatusOr<Event> event = DecodeRecord(record);
    if (!event.ok()) return event.status();
    if (event->topic != topic) return absl::DataLossError("is of another topic than its subject");
    events.push_back(*std::move(event));
  }
  return events;
}

std::vector<StoredEventPtr> PlaceEvents(std::vector<Event> events, const StreamOffsets& offsets,
                                        uint64_t sequence) {
  std::vector<StoredEventPtr> placed;
  placed.reserve(events.size());
  Offset offset = offsets.Last(sequence) - events.size();
  for (Event& event : events) {
    const bool end = event.end_of_stream;
    placed.push_back(std::make_shared<const StoredEvent>(std::move(event),
                                                         EventId{offsets.epoch(), ++offset, end}));
  }
  return placed;
}

}  // namespace sluice

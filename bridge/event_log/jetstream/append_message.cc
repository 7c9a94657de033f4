#include "bridge/event_log/jetstream/append_message.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "bridge/event_log/jetstream/seen_ids.h"
#include "bridge/event_log/jetstream/stored_message.h"
#include "bridge/event_log/record.h"

namespace sluice {
namespace {

// The headers below but for the stream's name, as they travel, are less.
constexpr size_t kHeaderBytes = 256;
// What a server takes by default; nobody makes it less without need.
constexpr int64_t kMaxPayloadUsual = 1 << 20;
// A record's fields besides the texts that are counted.
constexpr size_t kRecordOverhead = 256;

// Not less than its record has.
size_t RoughBytes(const Event& event) {
  size_t bytes = kRecordOverhead + event.topic.size() + event.type.size() +
                 event.publisher_id.size() + (event.data ? event.data->size() : 0);
  for (const auto& [name, value] : event.attributes) bytes += name.size() + value.size() + 16;
  return bytes;
}

}  // namespace

AppendMessage MakeMessage(std::string id, std::string_view publisher_id,
                          const std::vector<std::string>& records,
                          const JetStreamEventLogOptions& options) {
  AppendMessage message;
  message.headers = {{"Nats-Msg-Id", id},
                     {"Nats-Expected-Stream", options.stream},
                     {"Sluice-Events", absl::StrCat(records.size())}};
  if (!publisher_id.empty()) {
    message.headers.emplace_back("Sluice-Publisher-Id", PublisherIdDigest(publisher_id));
  }
  message.id = std::move(id);
  message.body = EncodeMessage(records);
  return message;
}

size_t RecordBytesMax(int64_t max_payload, const JetStreamEventLogOptions& options) {
  const auto takes = static_cast<size_t>(max_payload > 0 ? max_payload : kMaxPayloadUsual);
  const size_t headers = kHeaderBytes + options.stream.size();
  return takes > headers ? takes - headers : 0;
}

// (As a field of bytes: a tag, a length, the bytes.)
size_t BytesInMessage(const std::string& record) { return record.size() + 6; }

absl::Status CheckSizes(const std::vector<Event>& events, int64_t max_payload,
                        const JetStreamEventLogOptions& options) {
  if (max_payload <= 0) return absl::OkStatus();
  const size_t max = RecordBytesMax(max_payload, options);
  for (size_t i = 0; i < events.size(); ++i) {
    if (RoughBytes(events[i]) <= max) continue;
    const size_t bytes = BytesInMessage(EncodeRecord(events[i]));
    if (bytes <= max) continue;
    return absl::ResourceExhaustedError(
        absl::StrCat("events[", i, "]: takes ", bytes, " bytes, and NATS takes messages of ",
                     max_payload, " bytes, headers included (its max_payload)"));
  }
  return absl::OkStatus();
}

}  // namespace sluice

#include "bridge/event_log/rocksdb/appending.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "bridge/event_log/record.h"
#include "bridge/event_log/rocksdb/keys.h"

namespace sluice::rocksdb_log {

using event_log::v1::KnownId;
using event_log::v1::OrderEntry;
using event_log::v1::TopicState;

namespace {

// What an event costs on the disk beside its record: keys, its place in the order.
constexpr uint64_t kEntryBytes = 96;

std::string DigestOf(const Event& event) {
  const ContentDigest digest = DigestContent(event);
  return {digest.begin(), digest.end()};
}

}  // namespace

absl::StatusOr<Appending::Results> Appending::Add(AppendRequest request) {
  absl::StatusOr<Results> results = FindDuplicates(request);
  if (!results.ok()) return results;
  // What can fail comes first: then all of it is staged, or nothing.
  for (const Event& event : request.events) {
    if (event.transient) continue;
    if (const auto topic = batch_.Topic(event.topic); !topic.ok()) return topic.status();
  }
  for (size_t i = 0; i < request.events.size(); ++i) {
    AppendResult& result = (*results)[i];
    if (!result.duplicate) result = Store(std::move(request.events[i]), request.principal);
  }
  return results;
}

// An id that stands twice, in the log or in the request, must stand for the same content.
absl::StatusOr<Appending::Results> Appending::FindDuplicates(const AppendRequest& request) {
  Results results(request.events.size());
  absl::flat_hash_map<std::string, std::string> in_request;
  for (size_t i = 0; i < request.events.size(); ++i) {
    const Event& event = request.events[i];
    if (event.publisher_id.empty()) continue;
    const std::string key = DeduplicationKey(request.principal, event.topic, event.publisher_id);
    const std::string digest = DigestOf(event);
    const auto known = known_ids_.Find(key, now_, batch_);
    if (!known.ok()) return known.status();
    const auto [earlier, first] = in_request.try_emplace(key, digest);
    if ((*known != nullptr && (*known)->content_digest() != digest) || earlier->second != digest) {
      return absl::AlreadyExistsError(
          absl::StrCat("events[", i, "].id: was used before on this topic with other content"));
    }
    if (*known != nullptr) {
      const EventId id{epoch_, (*known)->offset(), (*known)->end_of_stream()};
      results[i] = {.id = id, .transient = (*known)->transient(), .duplicate = true};
    } else if (!first) {
      return absl::InvalidArgumentError(
          absl::StrCat("events[", i, "].id: stands twice in this request"));
    }
  }
  return results;
}

AppendResult Appending::Store(Event event, std::string_view principal) {
  const bool transient = event.transient;
  const Offset offset = transient ? batch_.state().head() : offsets_.Next();
  const EventId id{epoch_, offset, event.end_of_stream};
  const AppendResult result{id, transient, false};
  if (!event.publisher_id.empty()) Remember(event, principal, result);
  if (!transient) Keep(event, offset);
  events_.push_back(std::make_shared<const StoredEvent>(std::move(event), id));
  return result;
}

void Appending::Remember(const Event& event, std::string_view principal,
                         const AppendResult& result) {
  KnownId known;
  known.set_content_digest(DigestOf(event));
  known.set_offset(result.id.offset);
  known.set_transient(result.transient);
  known.set_end_of_stream(result.id.end);
  KnownIds::Add(DeduplicationKey(principal, event.topic, event.publisher_id), std::move(known),
                now_, batch_);
}

void Appending::Keep(const Event& event, Offset offset) {
  const std::string record = EncodeRecord(event);
  OrderEntry entry;
  entry.set_topic(event.topic);
  entry.set_publisher_id(event.publisher_id);
  entry.set_bytes(record.size() + 2 * (event.topic.size() + event.publisher_id.size()) +
                  kEntryBytes);
  entry.set_stored_at_unix_ms(absl::ToUnixMillis(now_));

  batch_.Put(Family::kEvents, EventKey(event.topic, offset), record);
  batch_.Put(Family::kOrder, OffsetKey(offset), entry.SerializeAsString());
  if (!event.publisher_id.empty()) {
    batch_.Put(Family::kPublisherIds, PublisherIdKey(event.topic, event.publisher_id, offset), "");
  }
  TopicState& topic = **batch_.Topic(event.topic);  // was loaded before
  topic.set_events(topic.events() + 1);
  retention_.Grown(event.topic, topic);
  batch_.state().set_head(offset);
  batch_.state().set_bytes(batch_.state().bytes() + entry.bytes());
}

}  // namespace sluice::rocksdb_log

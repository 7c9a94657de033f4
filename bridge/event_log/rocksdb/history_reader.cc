#include "bridge/event_log/rocksdb/history_reader.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "bridge/event_log/record.h"
#include "bridge/event_log/resolve_start.h"
#include "bridge/event_log/rocksdb/keys.h"

namespace sluice::rocksdb_log {

using event_log::v1::OrderEntry;
using event_log::v1::TopicState;

namespace {

// (A record of another topic would be shown to those who may not read it.)
absl::StatusOr<StoredEventPtr> Decode(const View& view, const std::string& topic, Offset offset,
                                      std::string_view bytes) {
  absl::StatusOr<Event> event = DecodeRecord(bytes);
  if (event.ok() && event->topic != topic) event = absl::DataLossError("is of another topic");
  const Epoch epoch = view.store->epoch();
  if (!event.ok()) {
    return CannotBeRead(absl::StrCat("the event ", FormatEventId({epoch, offset, false}), " (",
                                     event.status().message(), ")"));
  }
  const EventId id{epoch, offset, event->end_of_stream};
  return std::make_shared<const StoredEvent>(*std::move(event), id);
}

// A topic's events that are kept, from the first to the last.
class TopicIterator {
 public:
  TopicIterator(const View& view, const std::string& topic, Offset dropped_through)
      : topic_(topic),
        begin_(EventKey(topic, dropped_through + 1)),
        end_(EventKeyEnd(topic)),
        lower_bound_(begin_),
        upper_bound_(end_) {
    rocksdb::ReadOptions options;
    options.snapshot = view.snapshot;
    options.iterate_lower_bound = &lower_bound_;
    options.iterate_upper_bound = &upper_bound_;
    events_.reset(view.store->db().NewIterator(options, view.store->family(Family::kEvents)));
  }

  void SeekAfter(Offset offset) { events_->Seek(EventKey(topic_, offset + 1)); }
  void SeekToLast() { events_->SeekToLast(); }
  void Next() { events_->Next(); }
  void Previous() { events_->Prev(); }
  bool valid() const { return events_->Valid(); }
  Offset offset() const { return OffsetAtEnd(events_->key().ToStringView()).value_or(0); }
  std::string_view value() const { return events_->value().ToStringView(); }
  absl::Status status() const { return FromRocksdb(events_->status()); }

 private:
  const std::string topic_;
  const std::string begin_;
  const std::string end_;
  const rocksdb::Slice lower_bound_;
  const rocksdb::Slice upper_bound_;
  std::unique_ptr<rocksdb::Iterator> events_;
};

// The offset of the event in front of the last `count`.
Offset BeforeLast(uint32_t count, Offset dropped_through, TopicIterator& events) {
  events.SeekToLast();
  for (; events.valid() && count > 0; --count) events.Previous();
  return events.valid() ? events.offset() : dropped_through;
}

absl::StatusOr<std::optional<Offset>> FindPublisherId(const View& view, const std::string& topic,
                                                      const std::string& id,
                                                      Offset dropped_through) {
  const std::string begin = PublisherIdKey(topic, id, dropped_through + 1);
  const std::string end = PublisherIdKeyEnd(topic, id);
  const rocksdb::Slice lower_bound(begin);
  const rocksdb::Slice upper_bound(end);
  rocksdb::ReadOptions options;
  options.snapshot = view.snapshot;
  options.iterate_lower_bound = &lower_bound;
  options.iterate_upper_bound = &upper_bound;
  const std::unique_ptr<rocksdb::Iterator> places(
      view.store->db().NewIterator(options, view.store->family(Family::kPublisherIds)));
  places->SeekToLast();
  if (!places->status().ok()) return FromRocksdb(places->status());
  if (!places->Valid()) return std::optional<Offset>();
  return OffsetAtEnd(places->key().ToStringView());
}

// Where the read begins.
absl::Status FindStart(const View& view, const ReadRequest& request, TopicIterator& events,
                       ReadResult* result) {
  const ReadStart start = ResolveStart(request.start, result->epoch, view.head(), &result->found);
  result->after = result->dropped_through;
  if (const auto* after = std::get_if<AfterOffset>(&start)) {
    result->after = std::max(result->after, SkipHole(*view.holes, after->offset));
  } else if (const auto* last = std::get_if<LastN>(&start)) {
    result->after = BeforeLast(last->events, result->dropped_through, events);
    return events.status();
  } else if (const auto* wanted = std::get_if<AfterPublisherId>(&start)) {
    const auto found = FindPublisherId(view, request.topic, wanted->id, result->dropped_through);
    if (!found.ok()) return found.status();
    result->found = found->has_value();
    result->after = std::max(result->after, found->value_or(0));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ReadResult> ReadHistory(const View& view, const ReadRequest& request) {
  const auto topic =
      view.store->GetMessage<TopicState>(Family::kTopics, request.topic, view.snapshot);
  if (!topic.ok()) return topic.status();
  ReadResult result;
  result.epoch = view.store->epoch();
  result.complete_through = view.head();
  result.dropped_through = *topic ? (*topic)->dropped_through() : view.state.forgotten_through();
  TopicIterator events(view, request.topic, result.dropped_through);
  const absl::Status started = FindStart(view, request, events, &result);
  if (!started.ok()) return started;

  size_t bytes = 0;
  events.SeekAfter(std::min(result.after, view.head()));
  for (; events.valid() && result.events.size() < request.events_max; events.Next()) {
    absl::StatusOr<StoredEventPtr> event =
        Decode(view, request.topic, events.offset(), events.value());
    if (!event.ok()) return event.status();
    bytes += (*event)->bytes();
    if (bytes > request.bytes_max && !result.events.empty()) break;
    result.events.push_back(*std::move(event));
  }
  if (absl::Status status = events.status(); !status.ok()) return status;
  if (events.valid()) {
    result.complete_through = result.events.empty() ? result.after : result.events.back()->offset();
  }
  return result;
}

absl::StatusOr<std::vector<StoredEventPtr>> ReadAllAfter(const View& view, Offset offset) {
  rocksdb::ReadOptions options;
  options.snapshot = view.snapshot;
  const std::unique_ptr<rocksdb::Iterator> order(
      view.store->db().NewIterator(options, view.store->family(Family::kOrder)));
  std::vector<StoredEventPtr> events;
  for (order->Seek(OffsetKey(offset + 1)); order->Valid(); order->Next()) {
    const Offset at = ParseOffsetKey(order->key().ToStringView()).value_or(0);
    OrderEntry entry;
    if (!entry.ParseFromString(order->value().ToString())) {
      return CannotBeRead("the order of events");
    }
    const auto bytes = view.store->Get(Family::kEvents, EventKey(entry.topic(), at), view.snapshot);
    if (!bytes.ok()) return bytes.status();
    if (!*bytes) return CannotBeRead("an event");
    absl::StatusOr<StoredEventPtr> event = Decode(view, entry.topic(), at, **bytes);
    if (!event.ok()) return event.status();
    events.push_back(*std::move(event));
  }
  if (!order->status().ok()) return FromRocksdb(order->status());
  return events;
}

}  // namespace sluice::rocksdb_log

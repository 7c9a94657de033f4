#include "bridge/event_log/rocksdb/retention.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "bridge/base/log.h"
#include "bridge/event_log/rocksdb/keys.h"

namespace sluice::rocksdb_log {

using event_log::v1::LogState;
using event_log::v1::OrderEntry;
using event_log::v1::TopicState;

namespace {

// Past it, topics wait for their next event.
constexpr size_t kOverfullMax = 100'000;

}  // namespace

void Retention::Grown(const std::string& topic, const TopicState& state) {
  if (state.events() > bounds_.events_per_topic && overfull_.size() < kOverfullMax) {
    overfull_.insert(topic);
  }
}

void Retention::Written() {
  written_first_ = first_;
  relieved_.clear();
}

void Retention::NotWritten() {
  first_ = written_first_;
  overfull_.insert(relieved_.begin(), relieved_.end());
  relieved_.clear();
}

void Retention::Reopened() {
  NotWritten();
  first_.reset();
  written_first_.reset();
}

absl::Status Retention::Stage(const Store& store, absl::Time now, size_t drops_max,
                              StagedBatch& batch) {
  drops_left_ = drops_max;
  behind_ = false;
  absl::Status status = DropExcess(store, batch);
  if (status.ok()) status = DropOldest(store, now, batch);
  if (status.ok()) status = ForgetEmptyTopics(store, batch);
  if (unreadable_ > 0) {
    log::Error("event log", {{"error",
                              "entries that cannot be read are removed; their events go "
                              "with the next ones of their topics"},
                             {"entries", std::exchange(unreadable_, 0)}});
  }
  return status;
}

bool Retention::MustDrop(absl::Time stored_at, absl::Time now, const StagedBatch& batch) const {
  return batch.state().bytes() > bounds_.total_bytes || now - stored_at > bounds_.max_age;
}

absl::Status Retention::DropExcess(const Store& store, StagedBatch& batch) {
  for (auto name = overfull_.begin(); name != overfull_.end() && drops_left_ > 0;) {
    const absl::Status status = DropExcessOf(*name, store, batch);
    if (!status.ok()) return status;
    const auto topic = batch.Topic(*name);
    if (!topic.ok()) return topic.status();
    if ((*topic)->events() <= bounds_.events_per_topic) {
      relieved_.push_back(*name);
      overfull_.erase(name++);
    } else {
      ++name;
    }
  }
  return absl::OkStatus();
}

absl::Status Retention::DropExcessOf(const std::string& name, const Store& store,
                                     StagedBatch& batch) {
  const auto topic = batch.Topic(name);
  if (!topic.ok()) return topic.status();
  if ((*topic)->events() <= bounds_.events_per_topic) return absl::OkStatus();

  const std::string end = EventKeyEnd(name);
  const rocksdb::Slice upper_bound(end);
  rocksdb::ReadOptions options;
  options.iterate_upper_bound = &upper_bound;
  const std::unique_ptr<rocksdb::Iterator> events(
      store.db().NewIterator(options, store.family(Family::kEvents)));
  for (events->Seek(EventKey(name, (*topic)->dropped_through() + 1));
       events->Valid() && (*topic)->events() > bounds_.events_per_topic && drops_left_ > 0;
       events->Next()) {
    const std::optional<Offset> offset = OffsetAtEnd(events->key().ToStringView());
    if (!offset) return CannotBeRead("an event's place");
    const auto bytes = store.Get(Family::kOrder, OffsetKey(*offset));
    if (!bytes.ok()) return bytes.status();
    OrderEntry entry;
    if (!entry.ParseFromString(bytes->value_or("")) || entry.topic() != name) {
      entry.Clear();
      entry.set_topic(name);
    }
    Drop(*offset, entry, *topic, batch);
  }
  return FromRocksdb(events->status());
}

absl::Status Retention::DropOldest(const Store& store, absl::Time now, StagedBatch& batch) {
  if (first_ && !MustDrop(first_->stored_at, now, batch)) return absl::OkStatus();
  const std::unique_ptr<rocksdb::Iterator> order(
      store.db().NewIterator({}, store.family(Family::kOrder)));
  const Offset known = first_ ? first_->offset : batch.state().order_dropped_through() + 1;
  Offset behind_last = known;
  for (order->Seek(OffsetKey(known)); order->Valid(); order->Next()) {
    const std::optional<Offset> offset = ParseOffsetKey(order->key().ToStringView());
    OrderEntry entry;
    if (!offset || !entry.ParseFromString(order->value().ToString()) || entry.topic().empty()) {
      if (!RemoveUnreadable(Family::kOrder, order->key().ToStringView(), batch)) break;
      continue;
    }
    const auto topic = batch.Topic(entry.topic());
    if (!topic.ok()) return topic.status();
    behind_last = *offset + 1;
    if (*offset <= (*topic)->dropped_through()) continue;  // goes with this very batch
    first_ = First{*offset, absl::FromUnixMillis(entry.stored_at_unix_ms())};
    if (!MustDrop(first_->stored_at, now, batch)) break;
    if (drops_left_ == 0) {
      behind_ = true;
      break;
    }
    Drop(*offset, entry, *topic, batch);
  }
  // (An iterator that has failed is not valid either, and knows nothing of what comes.)
  if (!order->status().ok()) return FromRocksdb(order->status());
  // What comes from now on is younger than this.
  if (!order->Valid()) first_ = First{behind_last, now};
  if (first_ && first_->offset > 0) batch.state().set_order_dropped_through(first_->offset - 1);
  return absl::OkStatus();
}

bool Retention::RemoveUnreadable(Family family, std::string_view key, StagedBatch& batch) {
  if (drops_left_ == 0) {
    behind_ = true;
    return false;
  }
  batch.Delete(family, key);
  --drops_left_;
  ++unreadable_;
  return true;
}

void Retention::Drop(Offset offset, const OrderEntry& entry, TopicState* topic,
                     StagedBatch& batch) {
  batch.Delete(Family::kEvents, EventKey(entry.topic(), offset));
  batch.Delete(Family::kOrder, OffsetKey(offset));
  if (!entry.publisher_id().empty()) {
    batch.Delete(Family::kPublisherIds,
                 PublisherIdKey(entry.topic(), entry.publisher_id(), offset));
  }
  topic->set_dropped_through(offset);
  topic->set_events(topic->events() - std::min<uint64_t>(topic->events(), 1));
  LogState& state = batch.state();
  state.set_bytes(state.bytes() - std::min(state.bytes(), entry.bytes()));
  --drops_left_;
}

absl::Status Retention::ForgetEmptyTopics(const Store& store, StagedBatch& batch) {
  LogState& state = batch.state();
  if (state.empty_topics() <= bounds_.empty_topics) return absl::OkStatus();
  const std::unique_ptr<rocksdb::Iterator> empty(
      store.db().NewIterator({}, store.family(Family::kEmptyTopics)));
  for (empty->Seek(OffsetKey(state.forgotten_through()));
       empty->Valid() && state.empty_topics() > bounds_.empty_topics && drops_left_ > 0;
       empty->Next()) {
    const std::optional<Offset> dropped_through = ParseOffsetKey(empty->key().ToStringView());
    const std::string name = empty->value().ToString();
    if (!dropped_through) {
      if (!RemoveUnreadable(Family::kEmptyTopics, empty->key().ToStringView(), batch)) break;
      continue;
    }
    if (batch.LivesOn(name)) continue;
    batch.Delete(Family::kEmptyTopics, empty->key().ToStringView());
    batch.Delete(Family::kTopics, name);
    state.set_forgotten_through(std::max(state.forgotten_through(), *dropped_through));
    state.set_empty_topics(state.empty_topics() - std::min<uint64_t>(state.empty_topics(), 1));
    --drops_left_;
  }
  behind_ |= state.empty_topics() > bounds_.empty_topics && drops_left_ == 0;
  return FromRocksdb(empty->status());
}

}  // namespace sluice::rocksdb_log

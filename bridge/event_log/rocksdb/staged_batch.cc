#include "bridge/event_log/rocksdb/staged_batch.h"

#include <algorithm>

#include "bridge/base/text.h"
#include "bridge/event_log/rocksdb/keys.h"

namespace sluice::rocksdb_log {

using event_log::v1::KnownId;
using event_log::v1::TopicState;

namespace {

rocksdb::Slice AsSlice(std::string_view text) { return {text.data(), text.size()}; }

}  // namespace

absl::StatusOr<TopicState*> StagedBatch::Topic(const std::string& name) {
  const auto found = topics_.find(name);
  if (found != topics_.end()) return &found->second.now;
  const auto stored = store_->GetMessage<TopicState>(Family::kTopics, name);
  if (!stored.ok()) return stored.status();
  StagedTopic& topic = topics_[name];
  if (*stored) {
    topic.now = **stored;
    if (topic.now.events() == 0) topic.listed_at = topic.now.dropped_through();
  } else {
    topic.now.set_dropped_through(state_.forgotten_through());
  }
  topic.before = topic.now;
  return &topic.now;
}

bool StagedBatch::LivesOn(std::string_view name) {
  const auto topic = topics_.find(AsAbsl(name));
  if (topic == topics_.end()) return false;
  if (topic->second.changed()) return true;
  topics_.erase(topic);
  return false;
}

absl::StatusOr<const KnownId*> StagedBatch::FindKnownId(const std::string& key) {
  const auto found = known_ids_.find(key);
  if (found != known_ids_.end()) return &found->second;
  auto stored = store_->GetMessage<KnownId>(Family::kKnownIds, key);
  if (!stored.ok()) return stored.status();
  if (!*stored) return nullptr;
  return &(known_ids_[key] = **std::move(stored));
}

void StagedBatch::PutKnownId(const std::string& key, const KnownId& known) {
  known_ids_[key] = known;
  Put(Family::kKnownIds, key, known.SerializeAsString());
}

void StagedBatch::Put(Family family, std::string_view key, std::string_view value) {
  batch_.Put(store_->family(family), AsSlice(key), AsSlice(value));
}

void StagedBatch::Delete(Family family, std::string_view key) {
  batch_.Delete(store_->family(family), AsSlice(key));
}

rocksdb::WriteBatch* StagedBatch::Finish() {
  if (batch_.Count() == 0) return nullptr;
  for (const auto& [name, topic] : topics_) FinishTopic(name, topic);
  Put(Family::kMeta, kState, state_.SerializeAsString());
  return &batch_;
}

void StagedBatch::FinishTopic(const std::string& name, const StagedTopic& topic) {
  if (!topic.changed()) return;  // was only looked at
  const Offset list_at = topic.now.events() == 0 ? topic.now.dropped_through() : 0;
  if (topic.listed_at != list_at) {
    if (topic.listed_at != 0) {
      Delete(Family::kEmptyTopics, OffsetKey(topic.listed_at));
      state_.set_empty_topics(state_.empty_topics() - std::min<uint64_t>(state_.empty_topics(), 1));
    }
    if (list_at != 0) {
      Put(Family::kEmptyTopics, OffsetKey(list_at), name);
      state_.set_empty_topics(state_.empty_topics() + 1);
    }
  }
  Put(Family::kTopics, name, topic.now.SerializeAsString());
}

}  // namespace sluice::rocksdb_log

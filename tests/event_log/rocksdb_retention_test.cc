// What is let go of is let go of for good, also where a write in between has failed.
#include "bridge/event_log/rocksdb/keys.h"
#include "bridge/event_log/rocksdb/known_ids.h"
#include "bridge/event_log/rocksdb/retention.h"
#include "tests/event_log/rocksdb_fixture.h"

namespace sluice::rocksdb_log {
namespace {

using event_log::v1::LogState;
using event_log::v1::OrderEntry;
using event_log::v1::TopicState;

class RocksdbStaging : public RocksdbFixture {
 protected:
  void Keep(const std::string& topic, StagedBatch& batch) {
    OrderEntry entry;
    entry.set_topic(topic);
    entry.set_stored_at_unix_ms(absl::ToUnixMillis(clock_.Now()));
    const Offset offset = batch.state().head() + 1;
    batch.Put(Family::kEvents, EventKey(topic, offset), "event");
    batch.Put(Family::kOrder, OffsetKey(offset), entry.SerializeAsString());
    TopicState& state = **batch.Topic(topic);
    state.set_events(state.events() + 1);
    retention_.Grown(topic, state);
    batch.state().set_head(offset);
  }
  void Write(StagedBatch& batch) {
    rocksdb::WriteBatch* const changes = batch.Finish();
    if (changes == nullptr) return;
    ASSERT_TRUE(store_->Write(changes, false).ok());
    state_ = batch.state();
    retention_.Written();
    known_ids_.Written();
  }
  void LetGo() {
    StagedBatch batch(store_.get(), state_);
    ASSERT_TRUE(retention_.Stage(*store_, clock_.Now(), 1000, batch).ok());
    Write(batch);
  }
  TopicState StateOf(const std::string& topic) {
    return store_->GetMessage<TopicState>(Family::kTopics, topic)->value_or(TopicState());
  }
  size_t CountOf(Family family) {
    const std::unique_ptr<rocksdb::Iterator> all(
        store_->db().NewIterator({}, store_->family(family)));
    size_t count = 0;
    for (all->SeekToFirst(); all->Valid(); all->Next()) ++count;
    return count;
  }

  // From here on what was written is in tables.
  void Reopen() {
    store_.reset();
    store_ = Store::Open(options_).value();
  }

  std::shared_ptr<Store> store_ = Store::Open(options_).value();
  LogState state_;
  Retention retention_{{.events_per_topic = 2,
                        .total_bytes = 1 << 20,
                        .max_age = absl::Minutes(1),
                        .empty_topics = 0}};
  KnownIds known_ids_{absl::Minutes(1), 10};
};

TEST_F(RocksdbStaging, ATopicWithTooManyEventsIsNotForgottenWhenTheWriteFails) {
  StagedBatch events(store_.get(), state_);
  for (int i = 0; i < 5; ++i) Keep("a/1", events);
  Write(events);
  {
    StagedBatch failing(store_.get(), state_);
    ASSERT_TRUE(retention_.Stage(*store_, clock_.Now(), 1000, failing).ok());
    EXPECT_NE(failing.Finish(), nullptr);
    retention_.NotWritten();
  }
  EXPECT_EQ(StateOf("a/1").events(), 5u);
  LetGo();
  EXPECT_EQ(StateOf("a/1").events(), 2u);
  EXPECT_EQ(StateOf("a/1").dropped_through(), 3u);
}

TEST_F(RocksdbStaging, WhatCouldNotBeReadIsLookedForAgain) {
  StagedBatch events(store_.get(), state_);
  Keep("a/1", events);
  KnownIds::Add("m", {}, clock_.Now(), events);
  Write(events);
  Reopen();
  clock_.Advance(absl::Minutes(2));
  files_->FailReads(rocksdb::IOStatus::IOError("Input/output error"));
  {
    StagedBatch batch(store_.get(), state_);
    EXPECT_FALSE(retention_.Stage(*store_, clock_.Now(), 1000, batch).ok());
    EXPECT_FALSE(known_ids_.Age(*store_, clock_.Now(), 1000, batch).ok());
  }
  files_->FailReads(rocksdb::IOStatus::OK());
  StagedBatch batch(store_.get(), state_);
  EXPECT_TRUE(retention_.Stage(*store_, clock_.Now(), 1000, batch).ok());
  EXPECT_TRUE(known_ids_.Age(*store_, clock_.Now(), 1000, batch).ok());
  Write(batch);
  EXPECT_EQ(CountOf(Family::kOrder), 0u);
  EXPECT_EQ(CountOf(Family::kIdAges), 0u);
}

TEST_F(RocksdbStaging, AnEmptyTopicThatWasOnlyLookedAtIsForgotten) {
  StagedBatch events(store_.get(), state_);
  Keep("a/1", events);
  Keep("b/1", events);
  Write(events);
  clock_.Advance(absl::Minutes(2));
  // Both are empty, then one of them is looked at in the batch in which they are forgotten.
  Retention keeping{{2, 1 << 20, absl::Minutes(1), 10}};
  StagedBatch emptied(store_.get(), state_);
  ASSERT_TRUE(keeping.Stage(*store_, clock_.Now(), 1000, emptied).ok());
  Write(emptied);
  ASSERT_EQ(state_.empty_topics(), 2u);
  StagedBatch batch(store_.get(), state_);
  ASSERT_TRUE(batch.Topic("a/1").ok());
  ASSERT_TRUE(retention_.Stage(*store_, clock_.Now(), 1000, batch).ok());
  Write(batch);
  EXPECT_EQ(CountOf(Family::kEmptyTopics), 0u);
  EXPECT_EQ(CountOf(Family::kTopics), 0u);
  EXPECT_EQ(state_.empty_topics(), 0u);
  EXPECT_EQ(state_.forgotten_through(), 2u);
}

TEST_F(RocksdbStaging, TheNumberOfPublishersIdsDoesNotWrapAround) {
  StagedBatch ids(store_.get(), state_);
  for (int i = 0; i < 3; ++i) KnownIds::Add("m" + std::to_string(i), {}, clock_.Now(), ids);
  ids.state().set_publisher_ids(1);  // it was counted wrongly
  Write(ids);
  clock_.Advance(absl::Minutes(2));
  StagedBatch batch(store_.get(), state_);
  ASSERT_TRUE(known_ids_.Age(*store_, clock_.Now(), 1000, batch).ok());
  Write(batch);
  EXPECT_EQ(state_.publisher_ids(), 0u);
}

TEST_F(RocksdbStaging, APublishersIdThatCannotBeReadIsForgotten) {
  StagedBatch ids(store_.get(), state_);
  for (int i = 0; i < 3; ++i) KnownIds::Add("m" + std::to_string(i), {}, clock_.Now(), ids);
  ids.Put(Family::kKnownIds, "m0", "\xff\xff");
  Write(ids);
  clock_.Advance(absl::Minutes(2));
  StagedBatch batch(store_.get(), state_);
  ASSERT_TRUE(known_ids_.Age(*store_, clock_.Now(), 1000, batch).ok());
  Write(batch);
  EXPECT_EQ(CountOf(Family::kKnownIds), 0u);
  EXPECT_EQ(CountOf(Family::kIdAges), 0u);
}

}  // namespace
}  // namespace sluice::rocksdb_log

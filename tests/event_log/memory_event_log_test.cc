// What the log in memory keeps, and what it remembers of what it let go.
#include "bridge/event_log/memory/memory_event_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/event_log/event_log_contract.h"
#include "tests/fakes/events.h"
#include "tests/fakes/fake_clock.h"

namespace sluice {
namespace {

INSTANTIATE_TEST_SUITE_P(Memory, EventLogContract,
                         testing::Values(EventLogKind{
                             "memory",
                             [](const Clock& clock) { return MakeMemoryEventLog({}, clock); }}),
                         [](const auto& kind) { return kind.param.name; });

class MemoryLog : public testing::Test {
 protected:
  EventLog& Make(MemoryEventLogOptions options) {
    log_ = MakeMemoryEventLog(options, clock_);
    log_->Start(&tail_);
    return *log_;
  }
  ReadResult ReadAfter(const std::string& topic, Offset after) {
    return Read(*log_, {.topic = topic, .start = AfterOffset{after}}).value();
  }

  FakeClock clock_;
  TailNotes tail_;
  std::unique_ptr<EventLog> log_;
};

TEST_F(MemoryLog, KeepsSoManyEventsOfATopicAndSaysWhatItDropped) {
  EventLog& log = Make({.events_per_topic = 2});
  const Offset first = AppendOne(log, MakeEvent("a/1", "1"));
  AppendOne(log, MakeEvent("b/1", "other"));
  AppendOne(log, MakeEvent("a/1", "2"));
  AppendOne(log, MakeEvent("a/1", "3"));
  const ReadResult read = ReadAfter("a/1", 0);
  EXPECT_EQ(read.events.size(), 2u);
  EXPECT_EQ(read.dropped_through, first);
  EXPECT_EQ(read.after, first);
  EXPECT_EQ(ReadAfter("b/1", 0).dropped_through, 0u) << "another topic has lost nothing";
}

TEST_F(MemoryLog, KeepsSoManyBytesAndDropsTheOldestOfAllTopics) {
  EventLog& log = Make({.total_bytes = 20'000});
  AppendOne(log, MakeEvent("a/1", std::string(8000, 'x')));
  AppendOne(log, MakeEvent("b/1", std::string(8000, 'x')));
  AppendOne(log, MakeEvent("b/1", std::string(8000, 'x')));
  EXPECT_TRUE(ReadAfter("a/1", 0).events.empty());
  EXPECT_EQ(ReadAfter("b/1", 0).events.size(), 2u);
}

TEST_F(MemoryLog, DropsWhatIsTooOld) {
  EventLog& log = Make({.max_age = absl::Minutes(1)});
  const Offset first = AppendOne(log, MakeEvent("a/1", "1"));
  clock_.Advance(absl::Seconds(40));
  AppendOne(log, MakeEvent("a/1", "2"));
  clock_.Advance(absl::Seconds(40));
  const ReadResult read = ReadAfter("a/1", 0);
  EXPECT_EQ(read.events.size(), 1u);
  EXPECT_EQ(read.dropped_through, first);
}

TEST_F(MemoryLog, RemembersWhatAnEmptyTopicDropped) {
  EventLog& log = Make({.max_age = absl::Minutes(1)});
  const Offset last = AppendOne(log, MakeEvent("a/1", "1"));
  clock_.Advance(absl::Minutes(2));
  EXPECT_EQ(ReadAfter("a/1", 0).dropped_through, last);
  EXPECT_EQ(ReadAfter("b/1", 0).dropped_through, 0u);
}

TEST_F(MemoryLog, ForgettingAnEmptyTopicNeverHidesAGap) {
  EventLog& log = Make({.max_age = absl::Minutes(1), .empty_topics = 3});
  const Offset lost = AppendOne(log, MakeEvent("a/0", "1"));
  for (int i = 1; i < 10; ++i) AppendOne(log, MakeEvent("a/" + std::to_string(i), "1"));
  clock_.Advance(absl::Minutes(2));
  EXPECT_GE(ReadAfter("a/0", 0).dropped_through, lost);
  // A topic made anew remembers too.
  AppendOne(log, MakeEvent("a/0", "2"));
  EXPECT_GE(ReadAfter("a/0", 0).dropped_through, lost);
}

TEST_F(MemoryLog, BoundsThePublishersIdsItRemembers) {
  EventLog& log = Make({.deduplication_ids = 10});
  for (int i = 0; i < 20; ++i) {
    Event event = MakeEvent("a/1", "x");
    event.publisher_id = "m" + std::to_string(i);
    AppendOne(log, event);
  }
  Event old = MakeEvent("a/1", "x");
  old.publisher_id = "m0";
  EXPECT_FALSE(Append(log, {old}).value().front().duplicate);
  Event recent = MakeEvent("a/1", "x");
  recent.publisher_id = "m19";
  EXPECT_TRUE(Append(log, {recent}).value().front().duplicate);
}

TEST_F(MemoryLog, HasAnEpochOfItsOwn) {
  const Epoch first = Make({}).epoch(0);
  EXPECT_NE(Make({}).epoch(0), first);
  EXPECT_EQ(Make({.epoch = 7}).epoch(0), 7u);
}

}  // namespace
}  // namespace sluice

#include "tests/event_log/event_log_contract.h"

#include <gmock/gmock.h>

#include <thread>

namespace sluice {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> DataOf(const std::vector<StoredEventPtr>& events) {
  std::vector<std::string> data;
  for (const StoredEventPtr& event : events) data.emplace_back(event->data().value_or(""));
  return data;
}

TEST_P(EventLogContract, GivesRisingOffsetsInOneOrderForAllTopics) {
  const Offset first = AppendAndAwait(MakeEvent("a/1", "1"));
  const Offset second = AppendAndAwait(MakeEvent(other_, "2"));
  const Offset third = AppendAndAwait(MakeEvent("a/1", "3"));
  EXPECT_LT(first, second);
  EXPECT_LT(second, third);
  EXPECT_EQ(head(), third);
}

TEST_P(EventLogContract, ReadsATopicInOrder) {
  AppendAndAwait(MakeEvent("a/1", "1"));
  AppendAndAwait(MakeEvent(other_, "2"));
  AppendAndAwait(MakeEvent("a/1", "3"));
  const ReadResult read = Read(*log_, {.topic = "a/1", .start = Earliest{}}).value();
  EXPECT_THAT(DataOf(read.events), ElementsAre("1", "3"));
  EXPECT_EQ(read.complete_through, head());
  EXPECT_EQ(read.dropped_through, 0u);
  EXPECT_EQ(read.events.front()->id().epoch, epoch());
}

TEST_P(EventLogContract, ReadsAfterAnOffset) {
  const Offset first = AppendAndAwait(MakeEvent("a/1", "1"));
  AppendAndAwait(MakeEvent("a/1", "2"));
  const ReadResult read = Read(*log_, {.topic = "a/1", .start = AfterOffset{first}}).value();
  EXPECT_THAT(DataOf(read.events), ElementsAre("2"));
  EXPECT_EQ(read.after, first);
  EXPECT_THAT(Read(*log_, {.topic = "a/1", .start = AfterOffset{head()}}).value().events,
              IsEmpty());
}

TEST_P(EventLogContract, ReadsTheLastFew) {
  const Offset first = AppendAndAwait(MakeEvent("a/1", "1"));
  AppendAndAwait(MakeEvent("a/1", "2"));
  AppendAndAwait(MakeEvent("a/1", "3"));
  const ReadResult two = Read(*log_, {.topic = "a/1", .start = LastN{2}}).value();
  EXPECT_THAT(DataOf(two.events), ElementsAre("2", "3"));
  EXPECT_EQ(two.after, first);
  EXPECT_THAT(DataOf(Read(*log_, {.topic = "a/1", .start = LastN{9}}).value().events),
              ElementsAre("1", "2", "3"));
  EXPECT_THAT(Read(*log_, {.topic = "nobody", .start = LastN{9}}).value().events, IsEmpty());
}

TEST_P(EventLogContract, ReadsAfterAPublishersId) {
  for (const char* id : {"m1", "m2", "m3"}) {
    Event event = MakeEvent("a/1", id);
    event.publisher_id = id;
    AppendAndAwait(std::move(event));
  }
  const ReadResult read = Read(*log_, {.topic = "a/1", .start = AfterPublisherId{"m2"}}).value();
  EXPECT_TRUE(read.found);
  EXPECT_THAT(DataOf(read.events), ElementsAre("m3"));
  const ReadResult lost = Read(*log_, {.topic = "a/1", .start = AfterPublisherId{"m0"}}).value();
  EXPECT_FALSE(lost.found);
  EXPECT_THAT(DataOf(lost.events), ElementsAre("m1", "m2", "m3"));
}

TEST_P(EventLogContract, GoesOnAfterAnIdThatItGave) {
  const Offset first = AppendAndAwait(MakeEvent("a/1", "1"));
  AppendAndAwait(MakeEvent("a/1", "2"));
  for (const bool end : {false, true}) {
    const EventId id{epoch(), first, end};
    const ReadResult read = Read(*log_, {.topic = "a/1", .start = AfterId{id}}).value();
    EXPECT_TRUE(read.found);
    EXPECT_EQ(read.after, first);
    EXPECT_THAT(DataOf(read.events), ElementsAre("2"));
  }
  const EventId newest{epoch(), head()};
  const ReadResult nothing = Read(*log_, {.topic = "a/1", .start = AfterId{newest}}).value();
  EXPECT_TRUE(nothing.found);
  EXPECT_EQ(nothing.after, newest.offset);
  EXPECT_THAT(nothing.events, IsEmpty());
}

TEST_P(EventLogContract, BeginsAtTheEndWhereAnIdLiesPastIt) {
  AppendAndAwait(MakeEvent("a/1", "1"));
  const EventId later{epoch(), head() + 1'000'000};
  const ReadResult read = Read(*log_, {.topic = "a/1", .start = AfterId{later}}).value();
  EXPECT_FALSE(read.found);
  EXPECT_EQ(read.after, head());
  EXPECT_GE(read.complete_through, read.after);
  EXPECT_THAT(read.events, IsEmpty());
}

TEST_P(EventLogContract, BeginsAtTheEarliestEventWhereAnIdIsOfAnotherEpoch) {
  AppendAndAwait(MakeEvent("a/1", "1"));
  const EventId foreign{epoch() + 1, head()};
  const ReadResult read = Read(*log_, {.topic = "a/1", .start = AfterId{foreign}}).value();
  const ReadResult earliest = Read(*log_, {.topic = "a/1", .start = Earliest{}}).value();
  EXPECT_FALSE(read.found);
  EXPECT_EQ(read.after, earliest.after);
  EXPECT_THAT(DataOf(read.events), ElementsAre("1"));
}

TEST_P(EventLogContract, TellsWhereTheNewestEventStands) {
  AppendAndAwait(MakeEvent("a/1", "1"));
  AppendAndAwait(MakeEvent(other_, "2"));
  const ReadResult read = Read(*log_, {.topic = "a/1", .start = Latest{}}).value();
  EXPECT_EQ(read.after, head()) << "of the partition, not of the topic";
  EXPECT_EQ(read.complete_through, head());
  EXPECT_THAT(read.events, IsEmpty());
}

TEST_P(EventLogContract, SaysOfWhichEpochItIsInEveryRead) {
  EXPECT_NE(epoch(), 0u);
  const std::vector<ReadStart> starts = {AfterOffset{0},         Earliest{},      LastN{1},
                                         AfterPublisherId{"m1"}, AfterId{{1, 1}}, Latest{}};
  for (const ReadStart& start : starts) {
    const ReadResult read = Read(*log_, {.topic = "a/1", .start = start}).value();
    EXPECT_EQ(read.epoch, epoch()) << start.index();
  }
}

TEST_P(EventLogContract, PutsEveryTopicInOneOfItsPartitions) {
  ASSERT_GE(log_->partitions(), 1u);
  ASSERT_LE(log_->partitions(), kPartitionsMax);
  for (int i = 0; i < 100; ++i) {
    const std::string topic = "a/" + std::to_string(i);
    EXPECT_LT(log_->PartitionOf(topic), log_->partitions());
    EXPECT_EQ(log_->PartitionOf(topic), log_->PartitionOf(topic));
  }
}

TEST_P(EventLogContract, ReadsInStretches) {
  for (int i = 0; i < 10; ++i) AppendAndAwait(MakeEvent("a/1", std::to_string(i)));
  std::vector<std::string> all;
  Offset after = 0;
  for (int stretch = 0; stretch < 4; ++stretch) {
    const ReadResult read =
        Read(*log_, {.topic = "a/1", .start = AfterOffset{after}, .events_max = 3}).value();
    for (const std::string& data : DataOf(read.events)) all.push_back(data);
    after = read.complete_through;
  }
  EXPECT_THAT(all, ElementsAre("0", "1", "2", "3", "4", "5", "6", "7", "8", "9"));
  EXPECT_EQ(after, head());
}

TEST_P(EventLogContract, ReadsAtLeastOneEventHoweverLarge) {
  AppendAndAwait(MakeEvent("a/1", std::string(10'000, 'x')));
  AppendAndAwait(MakeEvent("a/1", "2"));
  const ReadResult read =
      Read(*log_, {.topic = "a/1", .start = Earliest{}, .bytes_max = 100}).value();
  EXPECT_EQ(read.events.size(), 1u);
  EXPECT_EQ(read.complete_through, read.events.front()->offset());
}

TEST_P(EventLogContract, TellsAShardOfTheTopicsItFollows) {
  AppendAndAwait(MakeEvent("a/1", "before"));
  EXPECT_EQ(log_->Follow("a/1", 3), head());
  EXPECT_EQ(log_->Follow("a/1", 3), head()) << "which changes nothing";
  AppendAndAwait(MakeEvent("a/1", "after"));
  AppendAndAwait(MakeEvent(other_, "other"));
  log_->Unfollow("a/1", 3);
  AppendAndAwait(MakeEvent("a/1", "gone"));
  EXPECT_THAT(DataOf(tail_.told(3)), ElementsAre("after"));
  EXPECT_THAT(tail_.told(0), IsEmpty());
}

TEST_P(EventLogContract, DeliversTransientEventsAndDoesNotKeepThem) {
  const Offset kept = AppendAndAwait(MakeEvent("a/1", "kept"));
  log_->Follow("a/1", 0);
  const AppendResult result = Append(*log_, {Transient(MakeEvent("a/1", "now"))}).value().front();
  EXPECT_TRUE(result.transient);
  EXPECT_THAT(DataOf(tail_.Await(0, 1)), ElementsAre("now"));
  EXPECT_EQ(head(), kept);
  EXPECT_THAT(DataOf(Read(*log_, {.topic = "a/1", .start = Earliest{}}).value().events),
              ElementsAre("kept"));
}

TEST_P(EventLogContract, StoresAPublishersIdOnce) {
  Event event = MakeEvent("a/1", "1");
  event.publisher_id = "m1";
  const AppendResult first = Append(*log_, {event}).value().front();
  const AppendResult again = Append(*log_, {event}).value().front();
  EXPECT_FALSE(first.duplicate);
  EXPECT_TRUE(again.duplicate);
  EXPECT_EQ(again.id, first.id);
  EXPECT_EQ(Read(*log_, {.topic = "a/1", .start = Earliest{}}).value().events.size(), 1u);
}

TEST_P(EventLogContract, TellsPublishersIdsApartByPrincipalAndTopic) {
  Event event = MakeEvent("a/1", "1");
  event.publisher_id = "m1";
  Append(*log_, {event}, "alice").value();
  EXPECT_FALSE(Append(*log_, {event}, "bob").value().front().duplicate);
  event.topic = "a/2";
  EXPECT_FALSE(Append(*log_, {event}, "alice").value().front().duplicate);
}

TEST_P(EventLogContract, RefusesAnIdWithOtherContentAndStoresNothing) {
  Event event = MakeEvent("a/1", "1");
  event.publisher_id = "m1";
  AppendAndAwait(event);
  event.data = "2";
  const auto refused = Append(*log_, {MakeEvent("a/1", "first of two"), event});
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kAlreadyExists);
  EXPECT_THAT(std::string(refused.status().message()), testing::HasSubstr("events[1].id"));
  EXPECT_EQ(Read(*log_, {.topic = "a/1", .start = Earliest{}}).value().events.size(), 1u);
}

TEST_P(EventLogContract, ForgetsAPublishersIdAfterTheWindow) {
  if (!GetParam().follows_the_clock) GTEST_SKIP() << "its window is of another clock";
  Event event = MakeEvent("a/1", "1");
  event.publisher_id = "m1";
  AppendAndAwait(event);
  clock_.Advance(log_->deduplication_window() + absl::Seconds(1));
  EXPECT_FALSE(Append(*log_, {event}).value().front().duplicate);
}

// "One order": whatever threads publish, every shard is told in offset order,
// and what Follow's head does not cover comes by the tail.
TEST_P(EventLogContract, TellsEveryShardInOffsetOrderWhileManyPublish) {
  constexpr int kPublishers = 4;
  constexpr int kEvents = 500;
  std::vector<std::thread> publishers;
  for (int p = 0; p < kPublishers; ++p) {
    publishers.emplace_back([this, p] {
      for (int i = 0; i < kEvents; ++i) {
        AppendOne(*log_, MakeEvent("a/" + std::to_string(p % 2), std::to_string(i)));
      }
    });
  }
  const Offset before = log_->Follow("a/0", 0).value();
  log_->Follow("a/1", 0);
  const Offset other = log_->Follow("a/1", 1).value();
  for (std::thread& publisher : publishers) publisher.join();
  AppendAndAwait(MakeEvent(other_, "last"));

  const std::vector<Offset> told = tail_.offsets(0);
  EXPECT_TRUE(std::is_sorted(told.begin(), told.end()));
  const auto expect_whole = [&](const char* topic, ShardIndex shard, Offset after) {
    std::vector<Offset> followed;
    for (const StoredEventPtr& event : tail_.told(shard)) {
      if (event->event().topic == topic && event->offset() > after) {
        followed.push_back(event->offset());
      }
    }
    std::vector<Offset> kept;
    const ReadResult read = Read(*log_, {.topic = topic,
                                         .start = AfterOffset{after},
                                         .events_max = 10'000,
                                         .bytes_max = SIZE_MAX})
                                .value();
    for (const StoredEventPtr& event : read.events) kept.push_back(event->offset());
    EXPECT_EQ(followed, kept);
  };
  expect_whole("a/0", 0, before);
  expect_whole("a/1", 1, other);
}

}  // namespace
}  // namespace sluice

// What the log in RocksDB keeps: when it is opened again, after a kill, after a loss of power,
// and what its bounds leave.
#include "bridge/event_log/rocksdb/rocksdb_event_log.h"

#include "tests/event_log/rocksdb_fixture.h"

namespace sluice {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// Its folder goes when the test ends.
std::unique_ptr<EventLog> MakeInFolderOfItsOwn(const Clock& clock) {
  static std::vector<std::unique_ptr<TemporaryFolder>> folders;
  folders.push_back(std::make_unique<TemporaryFolder>());
  RocksdbEventLogOptions options;
  options.path = *folders.back() / "log";
  return MakeRocksdbEventLog(options, clock).value();
}

INSTANTIATE_TEST_SUITE_P(Rocksdb, EventLogContract,
                         testing::Values(EventLogKind{"rocksdb", MakeInFolderOfItsOwn}),
                         [](const auto& kind) { return kind.param.name; });

using RocksdbReopened = RocksdbFixture;

TEST_F(RocksdbReopened, HasItsEventsItsHeadAndItsEpoch) {
  Open();
  AppendOne(*log_, With(MakeEvent("a/1", "1"), "k", "v"));
  AppendOne(*log_, MakeEvent("b/1", "2"));
  const Offset last = AppendOne(*log_, Ending(MakeEvent("a/1", "3")));
  const Epoch epoch = log_->epoch(0);
  Open();
  EXPECT_EQ(log_->epoch(0), epoch);
  EXPECT_EQ(log_->head(0), last);
  const ReadResult read = ReadAfter("a/1", 0);
  ASSERT_EQ(read.events.size(), 2u);
  EXPECT_EQ(read.events[0]->event().attributes, (Attributes{{"k", "v"}}));
  EXPECT_EQ(read.events[0]->data(), "1");
  EXPECT_TRUE(read.events[1]->id().end);
  EXPECT_EQ(read.complete_through, last);
  EXPECT_EQ(AppendOne(*log_, MakeEvent("a/1", "4")), last + 1) << "a clean end leaves no hole";
}

TEST_F(RocksdbReopened, KnowsPublishersIdsForAsLongAsTheirWindow) {
  Open();
  const Event event = WithId(MakeEvent("a/1", "1"), "m1");
  const AppendResult first = Append(*log_, {event}).value().front();
  Open();
  const AppendResult again = Append(*log_, {event}).value().front();
  EXPECT_TRUE(again.duplicate);
  EXPECT_EQ(again.id, first.id);
  EXPECT_EQ(Append(*log_, {WithId(MakeEvent("a/1", "2"), "m1")}).status().code(),
            absl::StatusCode::kAlreadyExists);
  clock_.Advance(log_->deduplication_window() + absl::Seconds(1));
  Open();
  EXPECT_FALSE(Append(*log_, {event}).value().front().duplicate);
}

TEST_F(RocksdbReopened, FindsThePlaceOfAPublishersId) {
  Open();
  for (const char* id : {"m1", "m2", "m3"}) AppendOne(*log_, WithId(MakeEvent("a/1", id), id));
  AppendOne(*log_, WithId(MakeEvent("a/1", "longer"), "m22"));
  AppendOne(*log_, WithId(MakeEvent("a/11", "elsewhere"), "m2"));
  Open();
  const ReadResult read = Read(*log_, {.topic = "a/1", .start = AfterPublisherId{"m2"}}).value();
  EXPECT_TRUE(read.found);
  ASSERT_EQ(read.events.size(), 2u);
  EXPECT_EQ(read.events.front()->data(), "m3");
}

TEST_F(RocksdbReopened, AfterAKillHasEverythingThatWasAcknowledged) {
  for (const Durability sync : {Durability::kAlways, Durability::kInterval, Durability::kNever}) {
    options_.sync = sync;
    options_.sync_interval = absl::Hours(1);
    options_.path = folder_ / std::to_string(static_cast<int>(sync)).c_str();
    Open();
    Append(*log_, {MakeEvent("a/1", "1"), MakeEvent("a/1", "2")}).value();
    const Offset last = AppendOne(*log_, WithId(MakeEvent("a/1", "3"), "m"));
    OpenAfterKill();
    EXPECT_THAT(DataAfter("a/1"), ElementsAre("1", "2", "3"));
    EXPECT_GE(log_->head(0), last);
    EXPECT_TRUE(Append(*log_, {WithId(MakeEvent("a/1", "3"), "m")}).value().front().duplicate);
    EXPECT_EQ(ReadAfter("a/1", last).after, last) << "who has seen all has missed nothing";
  }
}

TEST_F(RocksdbReopened, AfterALossOfPowerHasEverythingWhereItAlwaysSyncs) {
  Open();
  AppendOne(*log_, MakeEvent("a/1", "1"));
  const Offset last = AppendOne(*log_, MakeEvent("a/1", "2"));
  OpenAfterLossOfPower();
  EXPECT_THAT(DataAfter("a/1"), ElementsAre("1", "2"));
  EXPECT_EQ(ReadAfter("a/1", last).after, last) << "who has seen all has missed nothing";
  EXPECT_GT(AppendOne(*log_, MakeEvent("a/1", "3")), last);
}

TEST_F(RocksdbReopened, AfterALossOfPowerGivesNoOffsetTwiceAndTellsAGap) {
  options_.sync = Durability::kNever;
  Open();
  const Offset kept = AppendOne(*log_, MakeEvent("a/1", "kept"));  // with the reservation
  const Offset lost = AppendOne(*log_, MakeEvent("a/1", "lost"));
  OpenAfterLossOfPower();
  EXPECT_THAT(DataAfter("a/1"), ElementsAre("kept"));
  EXPECT_GT(log_->head(0), lost) << "an id of what is lost is none of the future";
  EXPECT_EQ(ReadAfter("a/1", kept).after, kept) << "no gap";
  EXPECT_GT(ReadAfter("a/1", lost).after, lost) << "a gap";
  EXPECT_GT(ReadAfter("never/published", lost).after, lost);
  const Offset next = AppendOne(*log_, MakeEvent("a/1", "next"));
  EXPECT_GT(next, lost);
  const ReadResult read = ReadAfter("a/1", kept);
  ASSERT_EQ(read.events.size(), 1u);
  EXPECT_EQ(read.events.front()->offset(), next);

  // The hole is remembered.
  Open();
  EXPECT_GT(ReadAfter("a/1", lost).after, lost);
  EXPECT_EQ(ReadAfter("a/1", next).after, next);
}

TEST_F(RocksdbReopened, LosesNoMoreThanTheIntervalToALossOfPower) {
  options_.sync = Durability::kInterval;
  options_.sync_interval = absl::Milliseconds(1);
  Open();
  AppendOne(*log_, MakeEvent("a/1", "1"));
  AppendOne(*log_, MakeEvent("a/1", "2"));
  ASSERT_TRUE(Await([&] { return files_->WalIsSynced(); }));
  OpenAfterLossOfPower();
  EXPECT_THAT(DataAfter("a/1"), ElementsAre("1", "2"));
}

using RocksdbRetention = RocksdbFixture;

TEST_F(RocksdbRetention, KeepsSoManyEventsOfATopicAndSaysWhatItDropped) {
  options_.events_per_topic = 2;
  Open();
  std::vector<Event> events;
  for (const char* data : {"1", "2", "3", "4", "5"}) events.push_back(MakeEvent("a/1", data));
  events.push_back(MakeEvent("b/1", "other"));
  const auto results = Append(*log_, std::move(events)).value();
  ASSERT_TRUE(Await([&] { return DataAfter("a/1").size() == 2; }));
  const ReadResult read = ReadAfter("a/1", 0);
  EXPECT_EQ(read.dropped_through, results[2].id.offset);
  EXPECT_EQ(read.after, results[2].id.offset);
  EXPECT_THAT(DataAfter("a/1"), ElementsAre("4", "5"));
  EXPECT_EQ(ReadAfter("b/1", 0).dropped_through, 0u) << "another topic has lost nothing";
  Open();
  EXPECT_EQ(ReadAfter("a/1", 0).dropped_through, results[2].id.offset);
}

TEST_F(RocksdbRetention, KeepsSoManyBytesAndDropsTheOldestOfAllTopics) {
  options_.total_bytes = 20'000;
  Open();
  const Offset first = AppendOne(*log_, MakeEvent("a/1", std::string(8000, 'x')));
  AppendOne(*log_, MakeEvent("b/1", std::string(8000, 'x')));
  AppendOne(*log_, MakeEvent("b/1", std::string(8000, 'x')));
  ASSERT_TRUE(Await([&] { return ReadAfter("a/1", 0).dropped_through == first; }));
  EXPECT_TRUE(ReadAfter("a/1", 0).events.empty());
  EXPECT_EQ(ReadAfter("b/1", 0).events.size(), 2u);
}

TEST_F(RocksdbRetention, DropsWhatIsTooOldWhenNobodyPublishes) {
  options_.max_age = absl::Minutes(1);
  Open();
  const Offset first = AppendOne(*log_, WithId(MakeEvent("a/1", "1"), "m1"));
  clock_.Advance(absl::Seconds(40));
  AppendOne(*log_, MakeEvent("a/1", "2"));
  clock_.Advance(absl::Seconds(40));
  ASSERT_TRUE(Await([&] { return ReadAfter("a/1", 0).dropped_through == first; }));
  EXPECT_EQ(ReadAfter("a/1", 0).events.size(), 1u);
  EXPECT_FALSE(Read(*log_, {.topic = "a/1", .start = AfterPublisherId{"m1"}}).value().found);
  clock_.Advance(absl::Minutes(1));
  ASSERT_TRUE(Await([&] { return ReadAfter("a/1", 0).events.empty(); }));
}

TEST_F(RocksdbRetention, CatchesUpWithMoreThanItDropsAtOnce) {
  Open();
  std::vector<Event> events(5000, MakeEvent("a/1", "x"));
  const Offset last = Append(*log_, std::move(events)).value().back().id.offset;
  options_.max_age = absl::Minutes(1);
  clock_.Advance(absl::Minutes(2));
  Open();
  ASSERT_TRUE(Await([&] { return ReadAfter("a/1", 0).dropped_through == last; }));
}

TEST_F(RocksdbRetention, ForgettingAnEmptyTopicNeverHidesAGap) {
  options_.max_age = absl::Minutes(1);
  options_.empty_topics = 3;
  Open();
  const Offset lost = AppendOne(*log_, MakeEvent("a/0", "1"));
  for (int i = 1; i < 10; ++i) AppendOne(*log_, MakeEvent("a/" + std::to_string(i), "1"));
  const Offset last = log_->head(0);
  clock_.Advance(absl::Minutes(2));
  ASSERT_TRUE(Await([&] { return ReadAfter("a/9", 0).dropped_through == last; }));
  ASSERT_TRUE(Await([&] { return ReadAfter("never/published", 0).dropped_through >= lost; }))
      << "most are forgotten";
  EXPECT_GE(ReadAfter("a/0", 0).dropped_through, lost);
  EXPECT_LT(ReadAfter("a/0", 0).dropped_through, last);
  // A topic made anew remembers too, and one that lived on in between is not forgotten.
  AppendOne(*log_, MakeEvent("a/0", "2"));
  AppendOne(*log_, MakeEvent("a/9", "2"));
  Open();
  EXPECT_GE(ReadAfter("a/0", 0).dropped_through, lost);
  EXPECT_EQ(ReadAfter("a/9", 0).dropped_through, last);
  EXPECT_THAT(DataAfter("a/9"), ElementsAre("2"));
}

TEST_F(RocksdbRetention, BoundsThePublishersIdsItRemembers) {
  options_.deduplication_ids = 10;
  Open();
  for (int i = 0; i < 20; ++i) {
    AppendOne(*log_, WithId(MakeEvent("a/1", "x"), "m" + std::to_string(i)));
  }
  Open();
  AppendOne(*log_, MakeEvent("a/1", "y"));
  EXPECT_TRUE(Append(*log_, {WithId(MakeEvent("a/1", "x"), "m19")}).value().front().duplicate);
  EXPECT_FALSE(Append(*log_, {WithId(MakeEvent("a/1", "x"), "m0")}).value().front().duplicate);
}

}  // namespace
}  // namespace sluice

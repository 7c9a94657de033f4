// What reading and letting go cost, as RocksDB counts it: in proportion to what is read or let go
// of, whatever else is stored or was deleted.
#include "bridge/event_log/rocksdb/history_reader.h"
#include "bridge/event_log/rocksdb/retention.h"
#include "rocksdb/perf_context.h"
#include "tests/event_log/rocksdb_fixture.h"

namespace sluice::rocksdb_log {
namespace {

using event_log::v1::LogState;

struct Cost {
  uint64_t steps;   // from key to key, deleted ones too
  uint64_t blocks;  // from files or the cache
};

class RocksdbCost : public RocksdbFixture {
 protected:
  RocksdbCost() { options_.sync = Durability::kNever; }

  void Fill(const std::string& topic, int events) {
    for (; events > 0; events -= 1000) {
      std::vector<Event> some(std::min(events, 1000), MakeEvent(topic, std::string(100, 'x')));
      Append(*log_, std::move(some)).value();
    }
  }
  // On this thread, where it is counted.
  Cost CostOf(const std::function<void()>& work) {
    rocksdb::SetPerfLevel(rocksdb::PerfLevel::kEnableCount);
    rocksdb::PerfContext& counts = *rocksdb::get_perf_context();
    counts.Reset();
    work();
    rocksdb::SetPerfLevel(rocksdb::PerfLevel::kDisable);
    return {counts.internal_key_skipped_count + counts.internal_delete_skipped_count +
                counts.next_on_memtable_count + counts.prev_on_memtable_count,
            counts.block_read_count + counts.block_cache_hit_count};
  }
  ViewPtr OpenView() {
    Close();
    auto store = Store::Open(options_).value();
    const auto state = store->GetMessage<LogState>(Family::kMeta, kState)->value();
    return std::make_shared<const View>(store, state,
                                        std::make_shared<const event_log::v1::Holes>());
  }
  Cost CostOfReadingTen(const ReadStart& start) {
    const ViewPtr view = OpenView();
    return CostOf([&] {
      const auto read =
          ReadHistory(*view, {.topic = "a/1", .start = start, .events_max = 10}).value();
      EXPECT_EQ(read.events.size(), 10u);
    });
  }
};

TEST_F(RocksdbCost, OfReadingDoesNotGrowWithWhatElseIsStored) {
  Open();
  Fill("a/1", 10);
  Fill("b/1", 10);
  const Cost few = CostOfReadingTen(Earliest{});
  Open();
  Fill("b/1", 100'000);
  const Cost many = CostOfReadingTen(Earliest{});
  EXPECT_LE(many.steps, few.steps + 20);
  EXPECT_LE(many.blocks, few.blocks + 20) << "a few for each level of files";

  // Of the same topic.
  Open();
  options_.events_per_topic = 200'000;
  Open();
  Fill("a/1", 100'000);
  for (const ReadStart& start : {ReadStart(AfterOffset{150'000}), ReadStart(LastN{10})}) {
    const Cost own = CostOfReadingTen(start);
    EXPECT_LE(own.steps, few.steps + 30);
    EXPECT_LE(own.blocks, few.blocks + 20);
  }
}

TEST_F(RocksdbCost, OfReadingDoesNotGrowWithWhatWasLetGoOf) {
  options_.events_per_topic = 1000;
  Open();
  Fill("a/1", 50'000);
  ASSERT_TRUE(Await([&] { return ReadAfter("a/1", 0).events.size() == 1000; }));
  const Cost cost = CostOfReadingTen(Earliest{});
  EXPECT_LE(cost.steps, 40u);
  EXPECT_LE(cost.blocks, 40u);
}

TEST_F(RocksdbCost, OfLettingGoDoesNotGrowWithWhatWasLetGoOfBeforeTheLastStart) {
  options_.max_age = absl::Minutes(1);
  Open();
  Fill("a/1", 50'000);
  clock_.Advance(absl::Minutes(2));
  const Offset last = log_->head(0);
  ASSERT_TRUE(Await([&] { return ReadAfter("a/1", 0).dropped_through == last; }));
  Fill("b/1", 10);
  clock_.Advance(absl::Minutes(2));
  const ViewPtr view = OpenView();
  const Cost cost = CostOf([&] {
    Retention retention({10'000, 1 << 30, absl::Minutes(1), 10});
    StagedBatch batch(view->store.get(), view->state);
    EXPECT_TRUE(retention.Stage(*view->store, clock_.Now(), 1000, batch).ok());
    EXPECT_EQ((*batch.Topic("b/1"))->events(), 0u);
  });
  EXPECT_LE(cost.steps, 40u);
  EXPECT_LE(cost.blocks, 40u);
}

TEST_F(RocksdbCost, OfOpenTablesIsInTheBoundedCache) {
  Open();
  options_.events_per_topic = 200'000;
  Open();
  Fill("a/1", 100'000);
  Open();  // now they are in tables
  const ViewPtr view = OpenView();
  ASSERT_TRUE(ReadHistory(*view, {.topic = "a/1", .start = Earliest{}}).ok());
  uint64_t bytes = 0;
  ASSERT_TRUE(view->store->db().GetIntProperty(view->store->family(Family::kEvents),
                                               "rocksdb.estimate-table-readers-mem", &bytes));
  EXPECT_LT(bytes, 20'000u) << "filters of 100,000 keys take 125,000";
}

TEST_F(RocksdbCost, OfOpenFilesIsBounded) {
  options_.open_files = 20;
  const auto open_tables = [] {
    size_t count = 0;
    std::error_code gone;
    for (const auto& file : std::filesystem::directory_iterator("/proc/self/fd")) {
      count += std::filesystem::read_symlink(file, gone).extension() == ".sst" ? 1 : 0;
    }
    return count;
  };
  size_t tables = 0;
  for (int start = 0; start < 12 && tables < 20; ++start) {
    Open();
    for (int topic = 0; topic < 10; ++topic) {
      AppendOne(*log_,
                WithId(MakeEvent("a/" + std::to_string(topic), "x"), "m" + std::to_string(start)));
      DataAfter("a/" + std::to_string(topic));
    }
    tables = 0;
    for (const auto& file : std::filesystem::directory_iterator(options_.path)) {
      tables += file.path().extension() == ".sst" ? 1 : 0;
    }
  }
  ASSERT_GE(tables, 16u);
  EXPECT_LE(open_tables(), 12u);
}

}  // namespace
}  // namespace sluice::rocksdb_log

// What a loss of power, a lost file or a broken disk leaves of a log in RocksDB: what is whole is
// there, what is not is told from it.
#include <filesystem>

#include "bridge/event_log/record.h"
#include "bridge/event_log/rocksdb/keys.h"
#include "tests/event_log/rocksdb_fixture.h"

namespace sluice {
namespace {

using rocksdb_log::EventKey;
using rocksdb_log::OffsetKey;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
namespace fs = std::filesystem;
using Unsynced = FaultyFiles::Unsynced;

class RocksdbTornWrite : public RocksdbFixture, public testing::WithParamInterface<Unsynced> {
 protected:
  std::vector<size_t> Sizes() {
    std::vector<size_t> sizes;
    for (const std::string& data : DataAfter("a/1")) sizes.push_back(data.size());
    return sizes;
  }
};

TEST_P(RocksdbTornWrite, IsNoCorruptionWhereItWasTheLast) {
  for (const size_t bytes : {size_t{1000}, size_t{200'000}}) {
    SCOPED_TRACE(bytes);
    options_.path = folder_ / std::to_string(bytes).c_str();
    Open();
    const Offset first = AppendOne(*log_, MakeEvent("a/1", "1"));
    AppendOne(*log_, MakeEvent("a/1", std::string(bytes, 'x')));
    files_->HoldSyncs();
    log_->Append({"", {MakeEvent("a/1", std::string(bytes, 'y'))}}, [](const auto&) {});
    files_->AwaitHeldSync();
    OpenAfterLossOfPower(GetParam());
    EXPECT_THAT(Sizes(), ElementsAre(1, bytes));
    EXPECT_EQ(ReadAfter("a/1", first).after, first);
    AppendOne(*log_, MakeEvent("a/1", "next"));
    OpenAfterKill();
    EXPECT_THAT(Sizes(), ElementsAre(1, bytes, 4));
  }
}

INSTANTIATE_TEST_SUITE_P(Leaves, RocksdbTornWrite,
                         testing::Values(Unsynced::kGone, Unsynced::kZeros, Unsynced::kGarbage,
                                         Unsynced::kFirstHalfZeros, Unsynced::kSecondHalfGone));

using RocksdbDamage = RocksdbFixture;

TEST_F(RocksdbDamage, LeavesNothingUnsyncedWhereItAlwaysSyncs) {
  options_.max_age = absl::Minutes(1);
  Open();
  const Offset first = AppendOne(*log_, MakeEvent("a/1", "1"));
  Append(*log_, {WithId(Transient(MakeEvent("a/1", "now")), "m")}).value();
  EXPECT_TRUE(files_->WalIsSynced()) << "a publisher's id";
  clock_.Advance(absl::Minutes(2));
  ASSERT_TRUE(Await([&] { return ReadAfter("a/1", 0).dropped_through == first; }));
  EXPECT_TRUE(files_->WalIsSynced()) << "what was let go of";
}

TEST_F(RocksdbDamage, InTheMidstOfWhatWasSyncedIsCorruption) {
  for (const std::streamoff at : {600, 3000, 40'000, 100'000}) {
    SCOPED_TRACE(at);
    options_.path = folder_ / std::to_string(at).c_str();
    Open();
    for (int i = 0; i < 250; ++i) AppendOne(*log_, MakeEvent("a/1", std::string(500, 'x')));
    fs::copy(options_.path, options_.path + ".copy");
    options_.path += ".copy";
    Close();
    for (const fs::directory_entry& file : fs::directory_iterator(options_.path)) {
      if (file.path().extension() != ".log" || file.file_size() == 0) continue;
      std::fstream log(file.path(), std::ios::in | std::ios::out | std::ios::binary);
      log.seekp(at);
      log.write("broken", 6);
    }
    EXPECT_THAT(Refused(), HasSubstr("is corrupted"));
  }
}

TEST_F(RocksdbDamage, AWriteAheadLogThatIsLostIsMissed) {
  Open();
  AppendOne(*log_, MakeEvent("a/1", "1"));
  Close();
  for (const fs::directory_entry& file : fs::directory_iterator(options_.path)) {
    if (file.path().extension() == ".log") fs::remove(file);
  }
  EXPECT_THAT(Refused(), AllOf(HasSubstr("write-ahead log is missing"),
                               HasSubstr("mv '" + options_.path + "'")));
}

TEST_F(RocksdbDamage, AStateThatIsLostIsMissed) {
  Open();
  AppendOne(*log_, MakeEvent("a/1", "1"));
  Damage("default", "state", std::nullopt);
  EXPECT_THAT(Refused(), AllOf(HasSubstr("a part of the store is lost"), HasSubstr("mv '")));
}

TEST_F(RocksdbDamage, OfWhatTheStoreSaysOfItselfIsRefusedWithHowToMoveItAway) {
  for (const char* key : {"identity", "state", "holes"}) {
    SCOPED_TRACE(key);
    options_.path = folder_ / key;
    Open();
    AppendOne(*log_, MakeEvent("a/1", "1"));
    Damage("default", key, "\xff\xff");
    EXPECT_THAT(Refused(),
                AllOf(HasSubstr("is corrupted"), HasSubstr("mv '" + options_.path + "' '")));
  }
}

TEST_F(RocksdbDamage, NoOffsetIsGivenTwiceWhereTheLogHasLostItsEnd) {
  Open();
  AppendOne(*log_, MakeEvent("a/1", "1"));
  const std::string before = options_.path + ".before";
  ASSERT_TRUE(CopyAtOneMoment(options_.path, before));
  const Offset seen = AppendOne(*log_, MakeEvent("a/1", "seen"));
  options_.path = before;
  Open();
  EXPECT_GT(ReadAfter("a/1", seen).after, seen) << "a gap";
  EXPECT_GT(AppendOne(*log_, MakeEvent("a/1", "2")), seen);
}

TEST_F(RocksdbDamage, ARecordOfAnotherTopicIsShownToNobody) {
  Open();
  const Offset offset = AppendOne(*log_, MakeEvent("a/1", "1"));
  Damage("events", EventKey("a/1", offset), EncodeRecord(MakeEvent("secret/1", "2")));
  Open();
  EXPECT_EQ(Read(*log_, {.topic = "a/1", .start = Earliest{}}).status().code(),
            absl::StatusCode::kDataLoss);
}

TEST_F(RocksdbDamage, OfTheOrderOfEventsIsSteppedOver) {
  options_.max_age = absl::Minutes(1);
  Open();
  const Offset first = AppendOne(*log_, MakeEvent("a/1", "1"));
  AppendOne(*log_, MakeEvent("a/1", "2"));
  const Offset last = AppendOne(*log_, MakeEvent("b/1", "3"));
  Damage("order", OffsetKey(first), "\xff\xff");
  Open();
  clock_.Advance(absl::Minutes(2));
  EXPECT_TRUE(Await([&] {
    return ReadAfter("a/1", 0).events.empty() && ReadAfter("b/1", 0).dropped_through == last;
  }));
  EXPECT_TRUE(log_->Health().ok()) << "publishes succeed";
  EXPECT_TRUE(Append(*log_, {MakeEvent("a/1", "4")}).ok());
}

TEST_F(RocksdbDamage, OfTheOrderOfEventsDoesNotKeepTopicsFromLettingGo) {
  options_.events_per_topic = 2;
  Open();
  const Offset first = AppendOne(*log_, MakeEvent("a/1", "1"));
  AppendOne(*log_, MakeEvent("a/1", "2"));
  Damage("order", OffsetKey(first), "\xff\xff");
  Open();
  AppendOne(*log_, MakeEvent("a/1", "3"));
  EXPECT_TRUE(Await([&] { return ReadAfter("a/1", 0).dropped_through == first; }));
  EXPECT_THAT(DataAfter("a/1"), ElementsAre("2", "3"));
}

}  // namespace
}  // namespace sluice

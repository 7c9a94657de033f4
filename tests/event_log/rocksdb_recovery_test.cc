// A log in RocksDB under which the disk fails and comes back: what it takes for its store, and what
// goes on meanwhile.
#include <ctime>
#include <filesystem>

#include "tests/event_log/rocksdb_fixture.h"

namespace sluice {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
namespace fs = std::filesystem;

class RocksdbRecovery : public RocksdbFixture {
 protected:
  // So that it has to be opened again.
  void FailSyncs() {
    files_->FailSyncs(rocksdb::IOStatus::IOError("Input/output error"));
    EXPECT_FALSE(Append(*log_, {MakeEvent("a/1", "refused")}).ok());
  }
  void OpenWithTables() {
    Open();
    AppendOne(*log_, MakeEvent("a/1", "before"));
    Open();
  }
  // It has closed its store, and cannot open it again yet.
  void AwaitGivenUp() {
    files_->FailReads(rocksdb::IOStatus::IOError("Input/output error"));
    Mend();
    EXPECT_TRUE(Await([&] {
      const auto read = Read(*log_, {.topic = "a/1", .start = Earliest{}});
      return read.status().message().find("not open") != absl::string_view::npos;
    }));
    Rest();
    files_->FailReads(rocksdb::IOStatus::OK());
    given_up_ = true;
  }
  // From now on it does not get as far as to open the folder.
  void Rest() {
    files_->FailSyncs(rocksdb::IOStatus::IOError("Input/output error"));
    AwaitMoreFailures();
    AwaitMoreFailures();
  }
  void Mend() { files_->FailSyncs(rocksdb::IOStatus::OK()); }
  void AwaitMoreFailures() {
    const uint64_t before = files_->failures();
    EXPECT_TRUE(Await([&] { return files_->failures() >= before + 5; }));
  }
  std::string HealthError() const { return std::string(log_->Health().message()); }
  bool AwaitSaysWhatToDo() {
    return Await([&] { return HealthError().find("the log says what to do") < 100; });
  }
  // Away from under the bridge.
  std::string MoveAway() {
    const std::string away = options_.path + ".away";
    fs::rename(options_.path, away);
    return away;
  }
  void PutBack(const std::string& away) {
    if (given_up_) Rest();
    fs::remove_all(options_.path);
    fs::rename(away, options_.path);
    Mend();
  }
  void ExpectGoesOn() {
    EXPECT_TRUE(Await([&] { return log_->Health().ok(); })) << HealthError();
    EXPECT_TRUE(Append(*log_, {MakeEvent("a/1", "after")}).ok());
    const auto data = DataAfter("a/1");
    EXPECT_THAT(data, testing::Contains("before"));
    EXPECT_EQ(data.back(), "after");
  }

  bool given_up_ = false;
};

TEST_F(RocksdbRecovery, MakesNoNewStoreWhereItsOwnIsGone) {
  Open();
  AppendOne(*log_, MakeEvent("a/1", "before"));
  FailSyncs();
  const std::string away = MoveAway();
  Mend();
  EXPECT_TRUE(AwaitSaysWhatToDo()) << HealthError();
  EXPECT_FALSE(fs::exists(options_.path));
  EXPECT_FALSE(Append(*log_, {MakeEvent("a/1", "refused")}).ok());
  fs::create_directory(options_.path);
  EXPECT_TRUE(AwaitSaysWhatToDo()) << HealthError();
  EXPECT_FALSE(fs::exists(options_.path + "/CURRENT"));
  PutBack(away);
  ExpectGoesOn();
}

TEST_F(RocksdbRecovery, TakesNoOtherStoreForItsOwn) {
  RocksdbEventLogOptions others = options_;
  others.path = folder_ / "other";
  ASSERT_TRUE(MakeRocksdbEventLog(others, clock_).ok());
  for (const bool while_open : {true, false}) {
    SCOPED_TRACE(while_open);
    OpenWithTables();
    FailSyncs();
    if (!while_open) AwaitGivenUp();
    const std::string away = MoveAway();
    fs::copy(others.path, options_.path);
    Mend();
    EXPECT_TRUE(AwaitSaysWhatToDo()) << HealthError();
    EXPECT_FALSE(Append(*log_, {MakeEvent("a/1", "refused")}).ok());
    PutBack(away);
    ExpectGoesOn();
  }
}

TEST_F(RocksdbRecovery, TakesNoOlderCopyForItsOwn) {
  for (const bool while_open : {true, false}) {
    SCOPED_TRACE(while_open);
    OpenWithTables();
    const std::string old = folder_ / "old";
    ASSERT_TRUE(CopyAtOneMoment(options_.path, old));
    AppendOne(*log_, MakeEvent("a/1", "newer"));
    FailSyncs();
    if (!while_open) AwaitGivenUp();
    const std::string away = MoveAway();
    fs::rename(old, options_.path);
    Mend();
    EXPECT_TRUE(AwaitSaysWhatToDo()) << HealthError();
    PutBack(away);
    ExpectGoesOn();
    EXPECT_THAT(DataAfter("a/1"), testing::Contains("newer"));
  }
}

TEST_F(RocksdbRecovery, HistoryIsReadWhileWritingFails) {
  Open();
  AppendOne(*log_, MakeEvent("a/1", "before"));
  FailSyncs();
  AwaitMoreFailures();
  const auto read = Read(*log_, {.topic = "a/1", .start = Earliest{}});
  ASSERT_TRUE(read.ok()) << read.status().message();
  EXPECT_EQ(read->events.size(), 1u);
  Mend();
  ExpectGoesOn();
}

TEST_F(RocksdbRecovery, WaitsForTheNextAttemptWithoutSpinning) {
  options_.sync = Durability::kInterval;
  options_.sync_interval = absl::Milliseconds(200);
  options_.retry_max = absl::Milliseconds(100);
  options_.idle_tick = absl::Hours(1);
  Open();
  ASSERT_TRUE(Await([&] {
    AppendOne(*log_, MakeEvent("a/1", "1"));
    return !files_->WalIsSynced();
  }));
  files_->FailSyncs(rocksdb::IOStatus::IOError("Input/output error"));
  AwaitMoreFailures();  // so that attempts are far apart
  const std::clock_t processor = std::clock();
  const absl::Time began = absl::Now();
  const uint64_t before = files_->failures();
  while (files_->failures() < before + 4) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  const double used = static_cast<double>(std::clock() - processor) / CLOCKS_PER_SEC;
  EXPECT_LT(used, absl::ToDoubleSeconds(absl::Now() - began) / 10);
  Mend();
}

TEST_F(RocksdbRecovery, ADiskThatIsNearlyFullDoesNotComeAndGo) {
  Open();
  AppendOne(*log_, MakeEvent("a/1", "before"));
  files_->LeaveRoom(20'000);
  EXPECT_FALSE(Append(*log_, {MakeEvent("a/1", std::string(30'000, 'x'))}).ok());
  const uint64_t before = files_->failures();
  bool came = false;
  EXPECT_TRUE(Await([&] {
    came |= log_->Health().ok();
    return files_->failures() >= before + 5;
  }));
  EXPECT_FALSE(came);
  EXPECT_THAT(HealthError(), HasSubstr("No space left on device"));
  files_->MakeRoom();
  ExpectGoesOn();
}

TEST_F(RocksdbRecovery, WhatNeedNotBeStoredPassesThroughTheWriteThatFails) {
  Open();
  const Offset kept = AppendOne(*log_, MakeEvent("a/1", "before"));
  log_->Follow("a/1", 0);
  files_->HoldSyncs();
  // The next batch, and no earlier one, is the one that fails.
  log_->Append({"", {MakeEvent("b/1", "x")}}, [&](const auto&) {
    files_->FailWrites(rocksdb::IOStatus::IOError("Input/output error"));
  });
  files_->AwaitHeldSync();
  std::promise<absl::Status> refused;
  log_->Append({"", {MakeEvent("a/1", "refused")}},
               [&](const auto& result) { refused.set_value(result.status()); });
  std::promise<absl::StatusOr<std::vector<AppendResult>>> passed;
  log_->Append({"", {Transient(MakeEvent("a/1", "now"))}},
               [&](auto result) { passed.set_value(std::move(result)); });
  files_->ReleaseSyncs();
  EXPECT_FALSE(refused.get_future().get().ok());
  const auto result = passed.get_future().get();
  ASSERT_TRUE(result.ok()) << result.status().message();
  EXPECT_EQ(result->front().id.offset, kept + 1) << "not of what was not stored";
  EXPECT_EQ(tail_.Await(0, 1).front()->data(), "now");
  files_->FailWrites(rocksdb::IOStatus::OK());
}

TEST_F(RocksdbRecovery, LettingGoIsTriedAgainSoonWhenReadsFail) {
  options_.max_age = absl::Minutes(1);
  Open();
  const Offset last = AppendOne(*log_, WithId(MakeEvent("a/1", "1"), "m"));
  Open();  // now it is in tables
  files_->FailReads(rocksdb::IOStatus::IOError("Input/output error"));
  clock_.Advance(absl::Minutes(3));
  AwaitMoreFailures();
  EXPECT_TRUE(log_->Health().ok()) << "publishes succeed";
  EXPECT_TRUE(Append(*log_, {MakeEvent("b/1", "1")}).ok());
  AwaitMoreFailures();
  files_->FailReads(rocksdb::IOStatus::OK());
  EXPECT_TRUE(Await([&] {
    const auto read = Read(*log_, {.topic = "a/1", .start = Earliest{}});
    return read.ok() && read->dropped_through == last;
  }));
}

}  // namespace
}  // namespace sluice

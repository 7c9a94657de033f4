// What stands in the way of a log in RocksDB, at its start and while it runs, and that it says so.
#include <fstream>

#include "bridge/event_log/stoppable.h"
#include "rocksdb/db.h"
#include "sluice/event_log/v1/rocksdb.pb.h"
#include "tests/event_log/rocksdb_fixture.h"

namespace sluice {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
namespace fs = std::filesystem;

std::string ErrorOf(const absl::Status& status) { return std::string(status.message()); }

fs::path FileIn(const fs::path& folder, const std::string& what) {
  for (const fs::directory_entry& file : fs::directory_iterator(folder)) {
    const std::string name = file.path().filename();
    if (name.starts_with(what) || (name.ends_with(what) && file.file_size() > 0)) return file;
  }
  return {};
}

void Flip(const fs::path& path, std::streamoff at) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(at);
  const int byte = file.get();
  file.seekp(at);
  file.put(static_cast<char>(byte ^ 0x55));
  ASSERT_TRUE(file.good()) << path;
}

class RocksdbStart : public RocksdbFixture {
 protected:
  // Events that are in a table, not only in the write-ahead log.
  void OpenWithTables() {
    Open();
    for (int i = 0; i < 100; ++i) AppendOne(*log_, MakeEvent("a/1", std::string(500, 'x')));
    Open();
    Close();
  }
  // (Of all that are there: which of them holds the events is RocksDB's business.)
  void FlipTables() {
    for (const fs::directory_entry& file : fs::directory_iterator(options_.path)) {
      if (file.path().extension() == ".sst") Flip(file, 20);
    }
  }
  // Those that hold events.
  void FlipEvents() {
    auto db = OpenDatabase();
    std::vector<rocksdb::LiveFileMetaData> files;
    db->GetLiveFilesMetaData(&files);
    CloseDatabase(std::move(db));
    size_t flipped = 0;
    for (const auto& file : files) {
      if (file.column_family_name != "events") continue;
      Flip(options_.path + file.name, 20);
      ++flipped;
    }
    ASSERT_GT(flipped, 0u);
  }
};

TEST_F(RocksdbStart, IsRefusedWhereTheFolderCannotBeMade) {
  options_.path = folder_ / "missing/log";
  EXPECT_THAT(Refused(), AllOf(HasSubstr("cannot be made: No such file or directory"),
                               HasSubstr("must exist")));
}

TEST_F(RocksdbStart, IsRefusedWhereThePathIsAFile) {
  std::ofstream(options_.path) << "x";
  EXPECT_THAT(Refused(), HasSubstr("cannot be made: File exists"));
}

TEST_F(RocksdbStart, MakesAFolderThatOnlyItsUserMayRead) {
  Open();
  EXPECT_EQ(fs::status(options_.path).permissions(), fs::perms::owner_all);
}

TEST_F(RocksdbStart, IsRefusedWhileAnotherOneHasTheFolder) {
  Open();
  const auto second = MakeRocksdbEventLog(options_, clock_);
  EXPECT_THAT(ErrorOf(second.status()), HasSubstr("is in use by another process"));
}

TEST_F(RocksdbStart, IsRefusedByAStoreOfANewerVersion) {
  Open();
  Close();
  auto db = OpenDatabase();
  event_log::v1::StoreIdentity identity;
  identity.set_format(2);
  db->Put({}, "identity", identity.SerializeAsString());
  CloseDatabase(std::move(db));
  EXPECT_THAT(Refused(), HasSubstr("holds an event log of format 2"));
}

TEST_F(RocksdbStart, IsRefusedByAStoreWithFamiliesThatItDoesNotKnow) {
  Open();
  Close();
  auto db = OpenDatabase();
  rocksdb::ColumnFamilyHandle* handle = nullptr;
  db->CreateColumnFamily({}, "of_the_future", &handle);
  handles_.push_back(handle);
  CloseDatabase(std::move(db));
  EXPECT_THAT(Refused(), HasSubstr("is no event log that this version of sluice knows"));
}

TEST_F(RocksdbStart, IsRefusedByADatabaseOfSomethingElse) {
  auto db = OpenDatabase();
  db->Put({}, "key", "value");
  CloseDatabase(std::move(db));
  EXPECT_THAT(Refused(), HasSubstr("is no event log"));
}

TEST_F(RocksdbStart, IsRefusedByABrokenManifestWithHowToMoveItAway) {
  Open();
  Close();
  Flip(FileIn(options_.path, "MANIFEST-"), 20);
  EXPECT_THAT(Refused(),
              AllOf(HasSubstr("is corrupted"),
                    HasSubstr("mv '" + options_.path + "' '" + options_.path + ".corrupted'")));
}

TEST_F(RocksdbStart, IsRefusedWithoutItsCurrentFileAndDeletesNothing) {
  OpenWithTables();
  fs::remove(fs::path(options_.path) / "CURRENT");
  EXPECT_THAT(Refused(), HasSubstr("is corrupted"));
  EXPECT_FALSE(FileIn(options_.path, ".sst").empty());
}

TEST_F(RocksdbStart, GoesOnWhereTheFirstWasEndedBeforeThereWasAStore) {
  fs::create_directory(options_.path);
  std::ofstream(options_.path + "/MANIFEST-000001") << "not whole";
  Open();
  EXPECT_TRUE(Append(*log_, {MakeEvent("a/1", "first")}).ok());
}

TEST_F(RocksdbStart, IsRefusedWithoutATable) {
  OpenWithTables();
  fs::remove(FileIn(options_.path, ".sst"));
  EXPECT_THAT(Refused(), HasSubstr("is corrupted"));
}

TEST_F(RocksdbStart, IsRefusedByABrokenTableWhereItVerifiesThem) {
  OpenWithTables();
  FlipTables();
  options_.verify_checksums = true;
  EXPECT_THAT(Refused(), HasSubstr("is corrupted"));
}

TEST_F(RocksdbStart, IsRefusedByABrokenLogOfWritesThatWereSynced) {
  Open();
  for (int i = 0; i < 10; ++i) AppendOne(*log_, MakeEvent("a/1", std::string(500, 'x')));
  fs::copy(options_.path, folder_ / "copy");
  options_.path = folder_ / "copy";
  Close();
  Flip(FileIn(options_.path, ".log"), 3000);
  EXPECT_THAT(Refused(), HasSubstr("is corrupted"));
}

TEST_F(RocksdbStart, GoesOnAfterAWriteThatWasCutShort) {
  Open();
  AppendOne(*log_, MakeEvent("a/1", "whole"));
  AppendOne(*log_, MakeEvent("a/1", "torn"));
  fs::copy(options_.path, folder_ / "copy");
  options_.path = folder_ / "copy";
  const fs::path wal = FileIn(options_.path, ".log");
  fs::resize_file(wal, fs::file_size(wal) - 3);
  Open();
  EXPECT_THAT(DataAfter("a/1"), ElementsAre("whole"));
  AppendOne(*log_, MakeEvent("a/1", "next"));
  EXPECT_THAT(DataAfter("a/1"), ElementsAre("whole", "next"));
}

TEST_F(RocksdbStart, WithABrokenTableFailsTheReadsOfIt) {
  OpenWithTables();
  FlipEvents();
  Open();
  const auto read = Read(*log_, {.topic = "a/1", .start = Earliest{}});
  EXPECT_EQ(read.status().code(), absl::StatusCode::kDataLoss);
  EXPECT_TRUE(Append(*log_, {MakeEvent("b/1", "1")}).ok()) << "all else goes on";
}

struct Failure {
  std::string name;
  rocksdb::IOStatus status;
  std::string says;
  bool of_syncs = false;
};

class RocksdbDisk : public RocksdbFixture, public testing::WithParamInterface<Failure> {
 protected:
  void Fail() {
    if (GetParam().of_syncs) {
      files_->FailSyncs(GetParam().status);
    } else {
      files_->FailWrites(GetParam().status);
    }
  }
  void Mend() {
    files_->FailSyncs(rocksdb::IOStatus::OK());
    files_->FailWrites(rocksdb::IOStatus::OK());
  }
};

TEST_P(RocksdbDisk, RefusesPublishesAndSaysWhyWhileAllElseGoesOn) {
  Open();
  AppendOne(*log_, MakeEvent("a/1", "before"));
  log_->Follow("a/1", 0);
  Fail();
  const auto refused = Append(*log_, {MakeEvent("a/1", "refused")});
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(ErrorOf(refused.status()), HasSubstr(GetParam().says));
  EXPECT_THAT(ErrorOf(refused.status()), Not(HasSubstr(options_.path))) << "nobody's business";
  EXPECT_FALSE(log_->Health().ok());
  EXPECT_FALSE(Append(*log_, {MakeEvent("a/1", "refused")}).ok());
  EXPECT_TRUE(Append(*log_, {Transient(MakeEvent("a/1", "now"))}).ok());
  EXPECT_EQ(tail_.Await(0, 1).front()->data(), "now");
  Mend();
}

TEST_P(RocksdbDisk, GoesOnByItselfWhenItTakesWritesAgain) {
  Open();
  AppendOne(*log_, MakeEvent("a/1", "before"));
  const Offset follow = log_->Follow("a/1", 0).value();
  Fail();
  const Event retried = WithId(MakeEvent("a/1", "retried"), "m");
  EXPECT_FALSE(Append(*log_, {retried}).ok());
  Mend();
  ASSERT_TRUE(Await([&] { return log_->Health().ok(); }));
  EXPECT_TRUE(Append(*log_, {retried}).ok());
  AppendOne(*log_, MakeEvent("a/1", "after"));

  // Each once, in order, and what follows was told of what is stored.
  EXPECT_THAT(DataAfter("a/1"), ElementsAre("before", "retried", "after"));
  std::vector<Offset> stored;
  for (const StoredEventPtr& event : ReadAfter("a/1", follow).events) {
    stored.push_back(event->offset());
  }
  EXPECT_EQ(tail_.offsets(0), stored);
  OpenAfterKill();
  EXPECT_THAT(DataAfter("a/1"), ElementsAre("before", "retried", "after"));
  EXPECT_TRUE(Append(*log_, {retried}).value().front().duplicate);
}

INSTANTIATE_TEST_SUITE_P(
    Fails, RocksdbDisk,
    testing::Values(Failure{"Full",
                            rocksdb::IOStatus::NoSpace("While appending to file: /path/000004.log",
                                                       "No space left on device"),
                            "fails: No space left on device"},
                    Failure{"Broken", rocksdb::IOStatus::IOError("Input/output error"),
                            "Input/output error"},
                    Failure{"Unsynced", rocksdb::IOStatus::IOError("Input/output error"),
                            "Input/output error", true}),
    [](const auto& failure) { return failure.param.name; });

using RocksdbQueue = RocksdbFixture;

TEST_F(RocksdbQueue, WritesWhatWaitsWithOneSync) {
  Open();
  AppendOne(*log_, MakeEvent("a/1", "first"));
  files_->HoldSyncs();
  const uint64_t before = files_->wal_syncs();
  std::atomic<int> stored = 0;
  const auto publish = [&] {
    log_->Append({"", {MakeEvent("a/1", "x")}}, [&](const auto& result) { stored += result.ok(); });
  };
  publish();
  files_->AwaitHeldSync();
  for (int publisher = 0; publisher < 100; ++publisher) publish();
  EXPECT_EQ(stored, 0) << "nothing is acknowledged before it is synced";
  EXPECT_EQ(log_->head(0), 1u) << "nor shown";
  files_->ReleaseSyncs();
  ASSERT_TRUE(Await([&] { return stored == 101; }));
  EXPECT_EQ(files_->wal_syncs() - before, 2u);
}

TEST_F(RocksdbQueue, IsBounded) {
  options_.queue_bytes = 10'000;
  Open();
  files_->HoldSyncs();
  std::atomic<int> stored = 0;
  const auto publish = [&] {
    log_->Append({"", {MakeEvent("a/1", std::string(6000, 'x'))}},
                 [&](const auto& result) { stored += result.ok(); });
  };
  publish();
  files_->AwaitHeldSync();
  publish();
  const auto refused = Append(*log_, {MakeEvent("a/1", std::string(6000, 'x'))});
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(ErrorOf(refused.status()), HasSubstr("event_log.rocksdb.queue_bytes"));
  files_->ReleaseSyncs();
  ASSERT_TRUE(Await([&] { return stored == 2; }));
}

TEST_F(RocksdbQueue, IsEmptiedBeforeTheLogStops) {
  Open();
  files_->HoldSyncs();
  std::atomic<int> stored = 0;
  for (int i = 0; i < 10; ++i) {
    log_->Append({"", {MakeEvent("a/1", "x")}}, [&](const auto& result) { stored += result.ok(); });
  }
  files_->AwaitHeldSync();
  files_->ReleaseSyncs();
  dynamic_cast<Stoppable&>(*log_).Stop();
  EXPECT_EQ(stored, 10);
  EXPECT_FALSE(Append(*log_, {MakeEvent("a/1", "late")}).ok());
  EXPECT_FALSE(Read(*log_, {.topic = "a/1", .start = Earliest{}}).ok());
  EXPECT_EQ(Open().head(0), 10u);
}

}  // namespace
}  // namespace sluice

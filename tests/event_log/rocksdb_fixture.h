// A log in RocksDB in a folder of its own, that can be opened again.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "bridge/event_log/rocksdb/rocksdb_event_log.h"
#include "rocksdb/db.h"
#include "tests/event_log/event_log_contract.h"
#include "tests/event_log/faulty_files.h"

namespace sluice {

// Removed at the end.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = testing::TempDir() + "sluice-rocksdb-XXXXXX";
    path_ = mkdtemp(pattern.data());
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  std::filesystem::path operator/(const char* name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

using FileSizes = std::map<std::string, uintmax_t>;

inline FileSizes SizesIn(const std::filesystem::path& folder) {
  FileSizes sizes;
  std::error_code gone;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    sizes[entry.path().filename()] = entry.file_size(gone);
  }
  return sizes;
}

// What stood in the folder at one moment, although RocksDB goes on in it: until nothing has
// changed meanwhile.
inline bool CopyAtOneMoment(const std::filesystem::path& from, const std::filesystem::path& to) {
  const auto late = std::chrono::steady_clock::now() + kAnswerWithin;
  while (std::chrono::steady_clock::now() < late) {
    std::filesystem::remove_all(to);
    const FileSizes before = SizesIn(from);
    std::error_code failed;
    std::filesystem::copy(from, to, failed);
    if (!failed && SizesIn(from) == before) return true;
  }
  return false;
}

class RocksdbFixture : public testing::Test {
 protected:
  RocksdbFixture() {
    options_.path = folder_ / "log";
    options_.env = env_.get();
    options_.idle_tick = absl::Milliseconds(5);
    options_.retry_min = absl::Milliseconds(5);
    options_.retry_max = absl::Milliseconds(20);
    options_.probe_bytes = 64 << 10;
  }
  ~RocksdbFixture() override { Release(); }
  void Release() {
    files_->ReleaseSyncs();
    files_->ReleaseReads();
  }

  absl::Status TryToOpen() {
    auto opened = MakeRocksdbEventLog(options_, clock_);
    if (!opened.ok()) return opened.status();
    log_ = *std::move(opened);
    log_->Start(&tail_);
    return absl::OkStatus();
  }
  EventLog& Open() {
    log_.reset();
    const absl::Status opened = TryToOpen();
    EXPECT_TRUE(opened.ok()) << opened.message();
    return *log_;
  }
  // As if the process were killed now.
  EventLog& OpenAfterKill() {
    const std::filesystem::path left = NextPath();
    EXPECT_TRUE(CopyAtOneMoment(options_.path, left));
    options_.path = left;
    return Open();
  }
  // As if the power were cut now.
  EventLog& OpenAfterLossOfPower(FaultyFiles::Unsynced unsynced = FaultyFiles::Unsynced::kGone) {
    const std::filesystem::path left = NextPath();
    EXPECT_TRUE(CopyAtOneMoment(options_.path, left));
    files_->LoseUnsynced(options_.path, left, unsynced);
    options_.path = left;
    Release();
    return Open();
  }
  void Close() { log_.reset(); }
  std::string Refused() {
    const absl::Status status = TryToOpen();
    EXPECT_FALSE(status.ok());
    EXPECT_THAT(std::string(status.message()),
                testing::HasSubstr("event_log.rocksdb.path: " + options_.path));
    return std::string(status.message());
  }
  // By another program, while it is closed.
  std::unique_ptr<rocksdb::DB> OpenDatabase() {
    rocksdb::Options options;
    options.create_if_missing = true;
    rocksdb::DB* db = nullptr;
    std::vector<std::string> names{"default"};
    std::vector<rocksdb::ColumnFamilyDescriptor> families;
    rocksdb::DB::ListColumnFamilies(options, options_.path, &names);
    for (const std::string& name : names) families.emplace_back(name, options);
    const auto opened = rocksdb::DB::Open(options, options_.path, families, &handles_, &db);
    EXPECT_TRUE(opened.ok()) << opened.ToString();
    return std::unique_ptr<rocksdb::DB>(db);
  }
  rocksdb::ColumnFamilyHandle* Handle(const std::string& family) {
    for (rocksdb::ColumnFamilyHandle* handle : handles_) {
      if (handle->GetName() == family) return handle;
    }
    return nullptr;
  }
  void CloseDatabase(std::unique_ptr<rocksdb::DB> db) {
    for (rocksdb::ColumnFamilyHandle* handle : handles_) db->DestroyColumnFamilyHandle(handle);
    handles_.clear();
    db->Close();
  }
  // Leaves the log closed.
  void Damage(const std::string& family, const std::string& key,
              const std::optional<std::string>& value) {
    Close();
    auto db = OpenDatabase();
    const rocksdb::Status changed =
        value ? db->Put({}, Handle(family), key, *value) : db->Delete({}, Handle(family), key);
    EXPECT_TRUE(changed.ok()) << changed.ToString();
    CloseDatabase(std::move(db));
  }

  ReadResult ReadAfter(const std::string& topic, Offset after) {
    return Read(*log_, {.topic = topic,
                        .start = AfterOffset{after},
                        .events_max = 10'000,
                        .bytes_max = SIZE_MAX})
        .value();
  }
  std::vector<std::string> DataAfter(const std::string& topic, Offset after = 0) {
    std::vector<std::string> data;
    for (const StoredEventPtr& event : ReadAfter(topic, after).events) {
      data.emplace_back(event->data().value_or(""));
    }
    return data;
  }

  static bool Await(const std::function<bool()>& condition) {
    const auto late = std::chrono::steady_clock::now() + kAnswerWithin;
    while (!condition() && std::chrono::steady_clock::now() < late) std::this_thread::yield();
    return condition();
  }

  TemporaryFolder folder_;
  std::shared_ptr<FaultyFiles> files_ = std::make_shared<FaultyFiles>();
  std::unique_ptr<rocksdb::Env> env_ = rocksdb::NewCompositeEnv(files_);
  RocksdbEventLogOptions options_;
  FakeClock clock_;
  TailNotes tail_;
  std::unique_ptr<EventLog> log_;
  std::vector<rocksdb::ColumnFamilyHandle*> handles_;

 private:
  std::filesystem::path NextPath() { return folder_ / ("log-" + std::to_string(++paths_)).c_str(); }
  int paths_ = 0;
};

inline Event WithId(Event event, std::string id) {
  event.publisher_id = std::move(id);
  return event;
}

}  // namespace sluice

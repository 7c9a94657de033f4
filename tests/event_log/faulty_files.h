// The machine's files, which can be made to fail, to wait, and to lose what was not synced.
#pragma once

#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <utility>

#include "rocksdb/env.h"
#include "rocksdb/file_system.h"

namespace sluice {

class FaultyFiles final : public rocksdb::FileSystemWrapper {
 public:
  FaultyFiles() : FileSystemWrapper(rocksdb::FileSystem::Default()) {}
  const char* Name() const override { return "FaultyFiles"; }

  // From now on every write fails so. OK: none does.
  void FailWrites(rocksdb::IOStatus failure) {
    const std::lock_guard lock(mutex_);
    failure_ = std::move(failure);
  }
  // Every sync does, while what is written is taken.
  void FailSyncs(rocksdb::IOStatus failure) {
    const std::lock_guard lock(mutex_);
    sync_failure_ = std::move(failure);
  }
  // Every read of a table does.
  void FailReads(rocksdb::IOStatus failure) {
    const std::lock_guard lock(mutex_);
    read_failure_ = std::move(failure);
  }
  // So much more can be written: what exceeds it fails.
  void LeaveRoom(uint64_t bytes) {
    const std::lock_guard lock(mutex_);
    room_ = bytes;
  }
  void MakeRoom() {
    const std::lock_guard lock(mutex_);
    room_.reset();
  }
  // How many operations have failed.
  uint64_t failures() {
    const std::lock_guard lock(mutex_);
    return failures_;
  }
  // Reads of tables wait until they are let go.
  void HoldReads() {
    const std::lock_guard lock(mutex_);
    reads_held_ = true;
  }
  void ReleaseReads() {
    const std::lock_guard lock(mutex_);
    reads_held_ = false;
    changed_.notify_all();
  }
  void AwaitHeldRead() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return reads_waiting_ > 0; });
  }
  // Syncs of the write-ahead log wait until they are let go.
  void HoldSyncs() {
    const std::lock_guard lock(mutex_);
    held_ = true;
  }
  void ReleaseSyncs() {
    const std::lock_guard lock(mutex_);
    held_ = false;
    changed_.notify_all();
  }
  // Waits until one is held.
  void AwaitHeldSync() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return waiting_ > 0; });
  }
  uint64_t wal_syncs() {
    const std::lock_guard lock(mutex_);
    return wal_syncs_;
  }
  // Whether a loss of power would leave the whole write-ahead log.
  bool WalIsSynced() {
    const std::lock_guard lock(mutex_);
    for (const auto& [path, bytes] : bytes_) {
      if (path.ends_with(".log") && bytes.synced < bytes.written) return false;
    }
    return true;
  }
  // What a loss of power makes of what was not synced.
  enum class Unsynced { kGone, kZeros, kGarbage, kFirstHalfZeros, kSecondHalfGone };

  // Of a copy of the folder: leaves what a loss of power would leave now.
  void LoseUnsynced(const std::filesystem::path& folder, const std::filesystem::path& copy,
                    Unsynced what = Unsynced::kGone) {
    const std::lock_guard lock(mutex_);
    for (const auto& [path, bytes] : bytes_) {
      const std::filesystem::path name(path);
      const auto file = copy / name.filename();
      if (name.parent_path() != folder || !std::filesystem::exists(file)) continue;
      const uint64_t size = std::filesystem::file_size(file);
      if (size <= bytes.synced) continue;
      const uint64_t lost = size - bytes.synced;
      if (what == Unsynced::kGone) std::filesystem::resize_file(file, bytes.synced);
      if (what == Unsynced::kSecondHalfGone) std::filesystem::resize_file(file, size - lost / 2);
      if (what == Unsynced::kZeros) Overwrite(file, bytes.synced, std::string(lost, '\0'));
      if (what == Unsynced::kFirstHalfZeros) {
        Overwrite(file, bytes.synced, std::string(lost / 2, '\0'));
      }
      if (what == Unsynced::kGarbage) Overwrite(file, bytes.synced, Garbage(lost));
    }
  }

  rocksdb::IOStatus NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* result,
                                    rocksdb::IODebugContext* debug) override {
    if (rocksdb::IOStatus failure = Failure(); !failure.ok()) return failure;
    std::unique_ptr<rocksdb::FSWritableFile> file;
    rocksdb::IOStatus made = target()->NewWritableFile(name, options, &file, debug);
    if (made.ok()) {
      const std::lock_guard lock(mutex_);
      bytes_[name] = {};
      *result = std::make_unique<File>(*this, name, std::move(file));
    }
    return made;
  }

  rocksdb::IOStatus NewRandomAccessFile(const std::string& name,
                                        const rocksdb::FileOptions& options,
                                        std::unique_ptr<rocksdb::FSRandomAccessFile>* result,
                                        rocksdb::IODebugContext* debug) override {
    std::unique_ptr<rocksdb::FSRandomAccessFile> file;
    rocksdb::IOStatus opened = target()->NewRandomAccessFile(name, options, &file, debug);
    if (opened.ok()) *result = std::make_unique<Table>(*this, std::move(file));
    return opened;
  }

 private:
  struct Bytes {
    uint64_t written = 0;
    uint64_t synced = 0;
  };

  class File final : public rocksdb::FSWritableFileOwnerWrapper {
   public:
    File(FaultyFiles& files, std::string name, std::unique_ptr<rocksdb::FSWritableFile> file)
        : FSWritableFileOwnerWrapper(std::move(file)), files_(files), name_(std::move(name)) {}

    rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                             rocksdb::IODebugContext* debug) override {
      if (rocksdb::IOStatus failure = files_.Failure(data.size()); !failure.ok()) return failure;
      files_.Written(name_, data.size());
      return target()->Append(data, options, debug);
    }
    rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                             const rocksdb::DataVerificationInfo& /*verification*/,
                             rocksdb::IODebugContext* debug) override {
      return Append(data, options, debug);
    }
    rocksdb::IOStatus Sync(const rocksdb::IOOptions& options,
                           rocksdb::IODebugContext* debug) override {
      if (rocksdb::IOStatus failure = files_.BeforeSync(name_); !failure.ok()) return failure;
      const uint64_t written = files_.WrittenTo(name_);
      rocksdb::IOStatus synced = target()->Sync(options, debug);
      if (synced.ok()) files_.Synced(name_, written);
      return synced;
    }
    rocksdb::IOStatus Fsync(const rocksdb::IOOptions& options,
                            rocksdb::IODebugContext* debug) override {
      return Sync(options, debug);
    }

   private:
    FaultyFiles& files_;
    const std::string name_;
  };

  class Table final : public rocksdb::FSRandomAccessFileOwnerWrapper {
   public:
    Table(FaultyFiles& files, std::unique_ptr<rocksdb::FSRandomAccessFile> file)
        : FSRandomAccessFileOwnerWrapper(std::move(file)), files_(files) {}

    rocksdb::IOStatus Read(uint64_t offset, size_t bytes, const rocksdb::IOOptions& options,
                           rocksdb::Slice* result, char* scratch,
                           rocksdb::IODebugContext* debug) const override {
      if (rocksdb::IOStatus failure = files_.BeforeRead(); !failure.ok()) return failure;
      return target()->Read(offset, bytes, options, result, scratch, debug);
    }
    rocksdb::IOStatus MultiRead(rocksdb::FSReadRequest* requests, size_t count,
                                const rocksdb::IOOptions& options,
                                rocksdb::IODebugContext* debug) override {
      if (rocksdb::IOStatus failure = files_.BeforeRead(); !failure.ok()) return failure;
      return target()->MultiRead(requests, count, options, debug);
    }

   private:
    FaultyFiles& files_;
  };

  static void Overwrite(const std::filesystem::path& path, uint64_t at, const std::string& text) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(at));
    file.write(text.data(), static_cast<std::streamsize>(text.size()));
  }
  static std::string Garbage(size_t bytes) {
    std::mt19937 random(static_cast<unsigned>(bytes));
    std::string garbage;
    while (garbage.size() < bytes) garbage.push_back(static_cast<char>(random()));
    return garbage;
  }

  rocksdb::IOStatus Failed(rocksdb::IOStatus failure) {
    ++failures_;
    return failure;
  }
  rocksdb::IOStatus Failure(uint64_t bytes = 0) {
    const std::lock_guard lock(mutex_);
    if (!failure_.ok()) return Failed(failure_);
    if (!room_) return failure_;
    if (bytes > *room_) return Failed(rocksdb::IOStatus::NoSpace("No space left on device"));
    *room_ -= bytes;
    return failure_;
  }
  rocksdb::IOStatus BeforeRead() {
    std::unique_lock lock(mutex_);
    ++reads_waiting_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return !reads_held_; });
    --reads_waiting_;
    return read_failure_.ok() ? read_failure_ : Failed(read_failure_);
  }
  rocksdb::IOStatus BeforeSync(const std::string& name) {
    std::unique_lock lock(mutex_);
    if (name.ends_with(".log")) {
      ++wal_syncs_;
      ++waiting_;
      changed_.notify_all();
      changed_.wait(lock, [this] { return !held_; });
      --waiting_;
    }
    const rocksdb::IOStatus& failure = failure_.ok() ? sync_failure_ : failure_;
    return failure.ok() ? failure : Failed(failure);
  }
  void Written(const std::string& name, uint64_t bytes) {
    const std::lock_guard lock(mutex_);
    bytes_[name].written += bytes;
  }
  uint64_t WrittenTo(const std::string& name) {
    const std::lock_guard lock(mutex_);
    return bytes_[name].written;
  }
  void Synced(const std::string& name, uint64_t bytes) {
    const std::lock_guard lock(mutex_);
    bytes_[name].synced = bytes;
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  rocksdb::IOStatus failure_;
  rocksdb::IOStatus sync_failure_;
  rocksdb::IOStatus read_failure_;
  std::optional<uint64_t> room_;
  uint64_t failures_ = 0;
  bool reads_held_ = false;
  int reads_waiting_ = 0;
  bool held_ = false;
  int waiting_ = 0;
  uint64_t wal_syncs_ = 0;
  std::map<std::string, Bytes> bytes_;  // by file
};

}  // namespace sluice

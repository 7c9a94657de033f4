// The machine's files, which can be made to fail, to wait, and to lose what was not synced.
#pragma once

#include <condition_variable>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
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
  // Of a copy of the folder: leaves what a loss of power would leave now.
  void LoseUnsynced(const std::filesystem::path& copy) {
    const std::lock_guard lock(mutex_);
    for (const auto& [path, bytes] : bytes_) {
      const auto file = copy / std::filesystem::path(path).filename();
      if (std::filesystem::exists(file) && std::filesystem::file_size(file) > bytes.synced) {
        std::filesystem::resize_file(file, bytes.synced);
      }
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
      if (rocksdb::IOStatus failure = files_.Failure(); !failure.ok()) return failure;
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

  rocksdb::IOStatus Failure() {
    const std::lock_guard lock(mutex_);
    return failure_;
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
    return failure_.ok() ? sync_failure_ : failure_;
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
  bool held_ = false;
  int waiting_ = 0;
  uint64_t wal_syncs_ = 0;
  std::map<std::string, Bytes> bytes_;  // by file
};

}  // namespace sluice

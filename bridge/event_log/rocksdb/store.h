// The RocksDB database of an event log: its column families, what it says of itself, and its
// errors in our words.
//
// Thread-safe. Whoever reads on, after the store has been given up, keeps it open.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "bridge/event_log/rocksdb/rocksdb_event_log.h"
#include "rocksdb/db.h"
#include "sluice/event_log/v1/rocksdb.pb.h"

namespace sluice::rocksdb_log {

enum class Family {
  kMeta,          // by name: the identity, the state, reservations
  kEvents,        // topic and offset -> Record
  kOrder,         // offset -> OrderEntry
  kTopics,        // topic -> TopicState
  kEmptyTopics,   // what an empty topic has dropped through -> topic
  kPublisherIds,  // topic, publisher's id and offset -> nothing
  kKnownIds,      // principal, topic and publisher's id -> KnownId
  kIdAges,        // number, oldest first -> key in kKnownIds
};
inline constexpr size_t kFamilies = 8;

// Names in kMeta.
inline constexpr std::string_view kIdentity = "identity";
inline constexpr std::string_view kState = "state";
inline constexpr std::string_view kReservedThrough = "reserved_through";
inline constexpr std::string_view kHoles = "holes";
inline constexpr std::string_view kProbe = "probe";

// What the disk says, for publishers and readers: UNAVAILABLE, or DATA_LOSS.
absl::Status FromRocksdb(const rocksdb::Status& status);
absl::Status CannotBeRead(std::string_view what);

class Store {
 public:
  // The error names the path and says what to do. A store that is new gets its identity.
  static absl::StatusOr<std::shared_ptr<Store>> Open(const RocksdbEventLogOptions& options);
  // Under a running bridge: the store of this epoch and no other, which must be there.
  static absl::StatusOr<std::shared_ptr<Store>> OpenAgain(const RocksdbEventLogOptions& options,
                                                          Epoch epoch);
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  Epoch epoch() const { return identity_.epoch(); }
  rocksdb::DB& db() const { return *db_; }
  rocksdb::ColumnFamilyHandle* family(Family family) const {
    return families_[static_cast<size_t>(family)];
  }

  // Nothing: not there. DATA_LOSS: it cannot be what we wrote.
  absl::StatusOr<std::optional<std::string>> Get(Family family, std::string_view key,
                                                 const rocksdb::Snapshot* snapshot = nullptr) const;
  template <typename Message>
  absl::StatusOr<std::optional<Message>> GetMessage(
      Family family, std::string_view key, const rocksdb::Snapshot* snapshot = nullptr) const;

  // All of it, or nothing.
  absl::Status Write(rocksdb::WriteBatch* batch, bool sync);
  // Everything that was written survives a loss of power.
  absl::Status Sync();
  // Whether the folder is still the one that was opened, and not another in its place.
  bool IsInPlace() const;
  // RocksDB deletes files by name: not while it is not sure whose they are.
  void KeepFiles() { FromRocksdb(db_->DisableFileDeletions()).IgnoreError(); }
  void DeleteFilesAgain() { FromRocksdb(db_->EnableFileDeletions(true)).IgnoreError(); }
  // After the disk has failed: whether it can be written again. `reopen`: not before the
  // store has been opened anew.
  absl::Status Resume(bool* reopen);

 private:
  Store() = default;
  static absl::StatusOr<std::shared_ptr<Store>> Open(const RocksdbEventLogOptions& options,
                                                     bool may_make);
  absl::Status Identify(bool may_make);

  std::unique_ptr<rocksdb::DB> db_;
  std::array<rocksdb::ColumnFamilyHandle*, kFamilies> families_{};
  event_log::v1::StoreIdentity identity_;
  std::string path_;
  uint64_t lock_file_ = 0;  // its number
};

// Whether the disk takes as much as the next writes may need: writes a file and removes it.
absl::Status ProbeDisk(const RocksdbEventLogOptions& options);

// For whoever starts the bridge, or reads its log: with the path, and what to do.
absl::Status Corrupted(const std::string& path, const std::string& why);
// ABORTED: under a running bridge there is another store.
absl::Status CannotGoOn(const std::string& path, const std::string& why);

template <typename Message>
absl::StatusOr<std::optional<Message>> Store::GetMessage(Family family, std::string_view key,
                                                         const rocksdb::Snapshot* snapshot) const {
  const auto value = Get(family, key, snapshot);
  if (!value.ok()) return value.status();
  if (!*value) return std::optional<Message>();
  Message message;
  if (!message.ParseFromString(**value)) return CannotBeRead(Message::descriptor()->name());
  return std::optional<Message>(std::move(message));
}

}  // namespace sluice::rocksdb_log

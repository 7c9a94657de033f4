// How the store is opened, and what is said when it cannot be.
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <random>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "bridge/base/log.h"
#include "bridge/event_log/rocksdb/info_log.h"
#include "bridge/event_log/rocksdb/store.h"
#include "bridge/event_log/rocksdb/wal_tail.h"
#include "rocksdb/convenience.h"
#include "rocksdb/filter_policy.h"
#include "rocksdb/table.h"

namespace sluice::rocksdb_log {
namespace {

namespace fs = std::filesystem;

constexpr uint32_t kFormat = 1;
constexpr size_t kBlockCacheBytes = 64 << 20;   // of blocks of data, indexes and filters
constexpr size_t kWriteBufferBytes = 64 << 20;  // of all families together
constexpr size_t kWalBytesMax = 256 << 20;
constexpr int kBloomBitsPerKey = 10;

// In the order of Family.
constexpr std::array<const char*, kFamilies> kNames = {
    "default", "events", "order", "topics", "empty_topics", "publisher_ids", "known_ids", "id_ages",
};

absl::Status At(const std::string& path, std::string_view what) {
  return absl::FailedPreconditionError(
      absl::StrCat("event_log.rocksdb.path: ", path, " ", std::string(what)));
}

absl::Status Explain(const rocksdb::Status& status, const RocksdbEventLogOptions& options) {
  const std::string text = status.ToString();
  const auto says = [&](const char* words) { return text.find(words) != std::string::npos; };
  if (says("lock hold by current process") || says("While lock file")) {
    return At(options.path, "is in use by another process: every bridge needs a folder of its own");
  }
  // (Of files that a store names, but that are not there, RocksDB says no more than that.)
  if (status.IsCorruption() || status.IsNotFound() || says("No such file")) {
    std::string why = text;
    if (options.sync == Durability::kAlways && says(".log")) {
      why.append(
          "; if the machine has lost power while event_log.rocksdb.sync was not always: start "
          "once with that setting");
    }
    return Corrupted(options.path, why);
  }
  return At(options.path, absl::StrCat("cannot be opened: ", text));
}

// RocksDB would make a new store in the midst of what is left of one, and delete that; and it
// would not miss a log that is not there.
absl::Status PrepareFolder(const std::string& path, bool may_make) {
  std::error_code error;
  if (!may_make) {
    if (!fs::exists(fs::path(path) / "CURRENT", error)) return CannotGoOn(path, "is not there");
  } else if (fs::create_directory(path, error)) {
    // Events are for those that an authorizer lets read them.
    fs::permissions(path, fs::perms::owner_all, error);
  }
  if (error) {
    return At(path, absl::StrCat("cannot be made: ", error.message(),
                                 ". The folder it is in must exist, and must be writable"));
  }
  fs::directory_iterator files(path, error);
  if (error) return At(path, absl::StrCat("cannot be read: ", error.message()));
  bool tables = false;
  bool logs = false;
  for (const fs::directory_entry& file : files) {
    tables |= file.path().extension() == ".sst";
    logs |= file.path().extension() == ".log";
  }
  // (A manifest alone is of a start that was ended before the store was made.)
  if ((tables || logs) && !fs::exists(fs::path(path) / "CURRENT", error)) {
    return Corrupted(path, "CURRENT is missing");
  }
  // (A store has a table from when it is made on, and a log from before that.)
  if (tables && !logs) return Corrupted(path, "its write-ahead log is missing: no .log file");
  return absl::OkStatus();
}

rocksdb::DBOptions DatabaseOptions(const RocksdbEventLogOptions& options, bool may_make) {
  rocksdb::DBOptions database;
  database.create_if_missing = may_make;
  database.create_missing_column_families = may_make;
  if (options.env != nullptr) database.env = options.env;
  database.db_write_buffer_size = kWriteBufferBytes;
  database.max_total_wal_size = kWalBytesMax;
  database.max_background_jobs = 2;
  // After an error RocksDB flushes what is in the log, which may be more than it has applied: all
  // families or none, or it would be replayed into some of them only.
  database.atomic_flush = true;
  database.info_log = MakeInfoLog();
  database.stats_dump_period_sec = 0;
  database.stats_persist_period_sec = 0;
  database.max_open_files = static_cast<int>(options.open_files);
  database.table_cache_numshardbits = 2;  // each has its share of them, and one at least
  database.track_and_verify_wals_in_manifest = true;
  // Every write before the last was whole on the disk: what is broken there is no torn end.
  database.wal_recovery_mode = options.sync == Durability::kAlways
                                   ? rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords
                                   : rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  return database;
}

rocksdb::ColumnFamilyOptions FamilyOptions(const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::ColumnFamilyOptions family;
  family.write_buffer_size = kWriteBufferBytes / 2;
  const auto built_in = rocksdb::GetSupportedCompressions();
  const bool lz4 =
      std::find(built_in.begin(), built_in.end(), rocksdb::kLZ4Compression) != built_in.end();
  family.compression = lz4 ? rocksdb::kLZ4Compression : rocksdb::kNoCompression;
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = cache;
  // Else they would be held for as long as their file is open, and there is no bound on files.
  table.cache_index_and_filter_blocks = true;
  table.index_type = rocksdb::BlockBasedTableOptions::kTwoLevelIndexSearch;
  table.partition_filters = true;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(kBloomBitsPerKey));
  family.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return family;
}

// A store that has families we do not know was made by a version that we do not know.
absl::Status CheckFamilies(const RocksdbEventLogOptions& options) {
  std::vector<std::string> there;
  const rocksdb::Status listed =
      rocksdb::DB::ListColumnFamilies(DatabaseOptions(options, false), options.path, &there);
  std::error_code error;
  if (!listed.ok()) {
    const bool is_new = !fs::exists(fs::path(options.path) / "CURRENT", error);
    return is_new ? absl::OkStatus() : Explain(listed, options);
  }
  for (const std::string& name : there) {
    if (std::find(kNames.begin(), kNames.end(), name) == kNames.end()) {
      return At(options.path,
                "is no event log that this version of sluice knows: run the version that wrote "
                "it, or set another path");
    }
  }
  return absl::OkStatus();
}

// 0: not there.
uint64_t NumberOf(const std::string& file) {
  struct stat about {};
  return stat(file.c_str(), &about) == 0 ? about.st_ino : 0;
}

Epoch RandomEpoch() {
  std::random_device device;
  return (Epoch{device()} << 32) | device();
}

}  // namespace

absl::Status Corrupted(const std::string& path, const std::string& why) {
  return At(path,
            absl::StrCat("is corrupted (", why, "). To start with an empty log, move it away: mv '",
                         path, "' '", path, ".corrupted'; or put a backup in its place"));
}

absl::Status CannotGoOn(const std::string& path, const std::string& why) {
  return absl::AbortedError(
      absl::StrCat("event_log.rocksdb.path: ", path, " ", why,
                   ": the bridge cannot go on with it. Put back what was there, or start the "
                   "bridge anew to take what is there now"));
}

absl::StatusOr<std::shared_ptr<Store>> Store::Open(const RocksdbEventLogOptions& options) {
  return Open(options, true);
}

absl::StatusOr<std::shared_ptr<Store>> Store::OpenAgain(const RocksdbEventLogOptions& options,
                                                        Epoch epoch) {
  auto store = Open(options, false);
  if (store.ok() && (*store)->epoch() != epoch) {
    return CannotGoOn(options.path, "holds another event log than when the bridge started");
  }
  return store;
}

absl::StatusOr<std::shared_ptr<Store>> Store::Open(const RocksdbEventLogOptions& options,
                                                   bool may_make) {
  absl::Status status = PrepareFolder(options.path, may_make);
  if (status.ok()) status = CheckFamilies(options);
  if (!status.ok()) return status;

  const rocksdb::ColumnFamilyOptions family = FamilyOptions(rocksdb::NewLRUCache(kBlockCacheBytes));
  std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
  for (const char* name : kNames) descriptors.emplace_back(name, family);
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* db = nullptr;
  rocksdb::DBOptions database = DatabaseOptions(options, may_make);
  rocksdb::Status opened = rocksdb::DB::Open(database, options.path, descriptors, &handles, &db);
  if (opened.IsCorruption() && OnlyTheLastWriteIsTorn(options.path).value_or(false)) {
    database.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
    opened = rocksdb::DB::Open(database, options.path, descriptors, &handles, &db);
    if (opened.ok()) {
      log::Warning("event log ends in a write that was cut short", {{"path", options.path}});
    }
  }
  if (!opened.ok()) return Explain(opened, options);

  const std::shared_ptr<Store> store(new Store);
  store->path_ = options.path;
  store->lock_file_ = NumberOf(options.path + "/LOCK");
  store->db_.reset(db);
  std::copy(handles.begin(), handles.end(), store->families_.begin());
  if (options.verify_checksums) {
    const rocksdb::Status verified = db->VerifyChecksum();
    if (!verified.ok()) return Explain(verified, options);
  }
  status = store->Identify(may_make);
  if (absl::IsDataLoss(status)) return Corrupted(options.path, std::string(status.message()));
  if (!status.ok() && !may_make) return CannotGoOn(options.path, std::string(status.message()));
  if (!status.ok()) return At(options.path, std::string(status.message()));
  return store;
}

absl::Status Store::Identify(bool may_make) {
  const auto known = GetMessage<event_log::v1::StoreIdentity>(Family::kMeta, kIdentity);
  if (!known.ok()) return known.status();
  if (*known) {
    identity_ = **known;
    if (identity_.format() <= kFormat) return absl::OkStatus();
    return absl::FailedPreconditionError(absl::StrCat(
        "holds an event log of format ", identity_.format(), ", and this version of ",
        "sluice reads up to ", kFormat, ": run the version that wrote it, or set another path"));
  }
  if (!may_make || db_->GetLatestSequenceNumber() != 0) {
    return absl::FailedPreconditionError(
        "holds a RocksDB database that is no event log: set another path");
  }
  identity_.set_format(kFormat);
  identity_.set_epoch(RandomEpoch());
  rocksdb::WriteBatch batch;
  batch.Put(family(Family::kMeta), std::string(kIdentity), identity_.SerializeAsString());
  const absl::Status written = Write(&batch, true);
  if (!written.ok()) return written;
  // Into a table, so that a store whose log is lost is not taken for a new one.
  return FromRocksdb(db_->Flush({}, family(Family::kMeta)));
}

bool Store::IsInPlace() const { return NumberOf(path_ + "/LOCK") == lock_file_; }

absl::Status ProbeDisk(const RocksdbEventLogOptions& options) {
  rocksdb::Env* const env = options.env != nullptr ? options.env : rocksdb::Env::Default();
  const std::string name = options.path + "/probe.tmp";
  const std::string piece(std::min<uint64_t>(options.probe_bytes, 1 << 20), 'x');
  std::unique_ptr<rocksdb::WritableFile> file;
  rocksdb::Status status = env->NewWritableFile(name, &file, rocksdb::EnvOptions());
  for (uint64_t bytes = 0; status.ok() && bytes < options.probe_bytes; bytes += piece.size()) {
    status = file->Append(piece);
  }
  if (status.ok()) status = file->Sync();
  if (file != nullptr) file->Close().PermitUncheckedError();
  file.reset();
  env->DeleteFile(name).PermitUncheckedError();
  if (status.IsPathNotFound() || status.IsNotFound()) return CannotGoOn(options.path, "is gone");
  return FromRocksdb(status);
}

}  // namespace sluice::rocksdb_log

#include "bridge/event_log/rocksdb/store.h"

#include "absl/strings/str_cat.h"
#include "bridge/base/log.h"
#include "bridge/base/text.h"

namespace sluice::rocksdb_log {
namespace {

rocksdb::Slice AsSlice(std::string_view text) { return {text.data(), text.size()}; }

// Without the names of files, which are nobody's business but the operator's.
std::string Reason(const rocksdb::Status& status) {
  const std::string text = status.ToString();
  const size_t last = text.rfind(": ");
  return last == std::string::npos ? text : text.substr(last + 2);
}

}  // namespace

absl::Status FromRocksdb(const rocksdb::Status& status) {
  if (status.ok()) return absl::OkStatus();
  if (status.IsCorruption()) {
    log::Error("event log is corrupted", {{"error", status.ToString()}});
    return absl::DataLossError("the event log on disk is corrupted (the log says where)");
  }
  return absl::UnavailableError(absl::StrCat("the event log's disk fails: ", Reason(status)));
}

absl::Status CannotBeRead(std::string_view what) {
  return absl::DataLossError(
      absl::StrCat("the event log on disk is corrupted: ", AsAbsl(what), " cannot be read"));
}

Store::~Store() {
  if (db_ == nullptr) return;
  for (rocksdb::ColumnFamilyHandle* family : families_) {
    if (family != nullptr) db_->DestroyColumnFamilyHandle(family);
  }
  db_->Close();
}

absl::StatusOr<std::optional<std::string>> Store::Get(Family in, std::string_view key,
                                                      const rocksdb::Snapshot* snapshot) const {
  rocksdb::ReadOptions options;
  options.snapshot = snapshot;
  std::string value;
  const rocksdb::Status status = db_->Get(options, family(in), AsSlice(key), &value);
  if (status.IsNotFound()) return std::optional<std::string>();
  if (!status.ok()) return FromRocksdb(status);
  return std::optional<std::string>(std::move(value));
}

absl::Status Store::Write(rocksdb::WriteBatch* batch, bool sync) {
  rocksdb::WriteOptions options;
  options.sync = sync;
  return FromRocksdb(db_->Write(options, batch));
}

absl::Status Store::Sync() { return FromRocksdb(db_->SyncWAL()); }

absl::Status Store::Resume(bool* reopen) {
  const rocksdb::Status status = db_->Resume();
  // What RocksDB does not take back while it is open.
  *reopen = status.severity() >= rocksdb::Status::kFatalError;
  // It has begun to by itself: whether it is done, the next write tells.
  return status.IsBusy() ? absl::OkStatus() : FromRocksdb(status);
}

}  // namespace sluice::rocksdb_log

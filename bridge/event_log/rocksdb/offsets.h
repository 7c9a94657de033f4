// Which offsets are given. None is given twice, whatever a loss of power or a disk that did not
// keep what it had synced takes: offsets are reserved ahead, and after an unclean end what was
// reserved is skipped. An id in such a hole may be of an event that is lost.
//
// Lives on the writer's thread.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "bridge/event_log/rocksdb/store.h"
#include "rocksdb/write_batch.h"

namespace sluice::rocksdb_log {

using HolesPtr = std::shared_ptr<const event_log::v1::Holes>;

// The position after the hole that `offset` lies in, or itself.
Offset SkipHole(const event_log::v1::Holes& holes, Offset offset);

class Offsets {
 public:
  // Where a store that was just opened goes on. After an unclean end `state` has a new head,
  // behind the hole.
  absl::Status Resume(Store& store, event_log::v1::LogState* state);

  Offset Next() { return ++given_through_; }

  // Reserves what has been given and more, where it is not; then `batch` must be synced.
  bool Reserve(const Store& store, rocksdb::WriteBatch* batch);
  // `batch` was written.
  void Written() { reserved_through_ = reserving_through_; }
  // A clean end: nothing is reserved any more.
  absl::Status Close(Store& store);

  HolesPtr holes() const { return holes_; }

 private:
  Offset given_through_ = 0;
  Offset reserved_through_ = 0;
  Offset reserving_through_ = 0;
  HolesPtr holes_ = std::make_shared<event_log::v1::Holes>();
};

}  // namespace sluice::rocksdb_log

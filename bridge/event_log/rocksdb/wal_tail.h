// How a write-ahead log ends that cannot be read to its end.
//
// Where every write is synced before the next one begins, a loss of power leaves at most the last
// one half written: cut short, with holes, or with whatever stood on the disk before. RocksDB
// takes all but the first of these for corruption. The difference is what comes behind: nothing
// was written behind the last write.
#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace sluice::rocksdb_log {

// Of the logs in the folder: whether no other write begins behind the first place that cannot be
// read. False: a write was broken after it had been synced. The error names the file.
absl::StatusOr<bool> OnlyTheLastWriteIsTorn(const std::string& folder);

}  // namespace sluice::rocksdb_log

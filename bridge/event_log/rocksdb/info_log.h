// What RocksDB has to say, in our own log. (In a file beside the data, as it would do by itself,
// it may not be: Debian's build ends the process when that file cannot be written.)
#pragma once

#include <memory>

#include "rocksdb/env.h"

namespace sluice::rocksdb_log {

// Warnings and errors.
std::shared_ptr<rocksdb::Logger> MakeInfoLog();

}  // namespace sluice::rocksdb_log

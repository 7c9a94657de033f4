// How the process's open files are shared among those who accept connections, so that
// none of them can take them all.
#pragma once

#include <cstdint>

namespace sluice {

struct OpenFiles {
  uint64_t all = 1024;  // RLIMIT_NOFILE, less what is reserved
  uint64_t rpc = 256;   // gRPC connections: a quarter, 10,000 at most
};

// (What was reserved is not among them.)
OpenFiles ShareOpenFiles();

// Of an event log on the disk: what it may have open at once.
uint64_t OpenFilesOfEventLog();
// For something else than connections, for good. Thread-safe.
void ReserveOpenFiles(uint64_t files);

}  // namespace sluice

// How the process's open files are shared among those who accept connections, so that
// none of them can take them all.
#pragma once

#include <cstdint>

namespace sluice {

struct OpenFiles {
  uint64_t all = 1024;  // RLIMIT_NOFILE
  uint64_t rpc = 256;   // gRPC connections: a quarter, 10,000 at most
};

OpenFiles ShareOpenFiles();

}  // namespace sluice

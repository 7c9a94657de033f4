#include "bridge/base/open_files.h"

#include <sys/resource.h>

#include <algorithm>
#include <atomic>

namespace sluice {
namespace {

constexpr uint64_t kRpcMax = 10'000;
constexpr uint64_t kEventLogMax = 512;

std::atomic<uint64_t> reserved = 0;

uint64_t Limit() {
  rlimit limit{};
  return getrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : OpenFiles().all;
}

}  // namespace

OpenFiles ShareOpenFiles() {
  OpenFiles files;
  const uint64_t limit = Limit();
  files.all = limit - std::min<uint64_t>(limit, reserved);
  files.rpc = std::clamp<uint64_t>(files.all / 4, 1, kRpcMax);
  return files;
}

uint64_t OpenFilesOfEventLog() { return std::clamp<uint64_t>(Limit() / 8, 64, kEventLogMax); }

void ReserveOpenFiles(uint64_t files) { reserved += files; }

}  // namespace sluice

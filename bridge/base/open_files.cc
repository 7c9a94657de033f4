#include "bridge/base/open_files.h"

#include <sys/resource.h>

#include <algorithm>

namespace sluice {
namespace {

constexpr uint64_t kRpcMax = 10'000;

}  // namespace

OpenFiles ShareOpenFiles() {
  OpenFiles files;
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) files.all = limit.rlim_cur;
  files.rpc = std::clamp<uint64_t>(files.all / 4, 1, kRpcMax);
  return files;
}

}  // namespace sluice

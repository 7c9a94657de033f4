#include "bridge/rpc/grpc_log.h"

#include <grpc/support/log.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <string>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "bridge/base/log.h"

namespace sluice {
namespace {

void Log(gpr_log_func_args* line) {
  const std::string message(WithoutValues(line->message));
  if (line->severity != GPR_LOG_SEVERITY_ERROR) {
    return log::Write(log::Level::kDebug, "grpc", {{"message", message}});
  }
  static std::atomic<int64_t> next_unix_ms{0};
  static std::atomic<uint64_t> left_out{0};
  const int64_t now = absl::ToUnixMillis(absl::Now());
  int64_t next = next_unix_ms.load();
  if (now < next || !next_unix_ms.compare_exchange_strong(next, now + 1000)) {
    ++left_out;
    return;
  }
  log::Warning("grpc", {{"message", message}, {"left_out", left_out.exchange(0)}});
}

}  // namespace

void TakeLogOfGrpc() { gpr_set_log_function(Log); }

// (The value is the last thing in such a line, and may hold anything.)
std::string_view WithoutValues(std::string_view line) {
  size_t end = line.size();
  for (const std::string_view before : {"value=", "value:"}) {
    const size_t found = line.find(before);
    if (found != std::string_view::npos) end = std::min(end, found);
  }
  return line.substr(0, end);
}

}  // namespace sluice

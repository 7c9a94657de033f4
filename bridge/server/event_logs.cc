#include "bridge/server/event_logs.h"

#include <utility>

#include "bridge/base/open_files.h"

namespace sluice {
namespace {

using Made = absl::StatusOr<std::unique_ptr<EventLog>>;

Made Make(const MemoryEventLogOptions& options, const Clock& clock) {
  return MakeMemoryEventLog(options, clock);
}

#if SLUICE_ROCKSDB
// Of logs, manifests, and what is merged just then.
constexpr uint32_t kFilesBesideTables = 32;

Made Make(RocksdbEventLogOptions options, const Clock& clock) {
  const uint64_t files = OpenFilesOfEventLog();
  options.open_files = static_cast<uint32_t>(files) - kFilesBesideTables;
  ReserveOpenFiles(files);
  return MakeRocksdbEventLog(std::move(options), clock);
}
#else
Made Make(const RocksdbEventLogOptions&, const Clock&) {
  return absl::UnimplementedError("event_log.rocksdb: is not built in");
}
#endif

#if SLUICE_JETSTREAM
Made Make(const JetStreamEventLogOptions& options, const Clock&) {
  return MakeJetStreamEventLog(options);
}
#else
Made Make(const JetStreamEventLogOptions&, const Clock&) {
  return absl::UnimplementedError("event_log.jetstream: is not built in");
}
#endif

}  // namespace

Made MakeEventLog(const EventLogOptions& options, const Clock& clock) {
  return std::visit([&](const auto& kind) { return Make(kind, clock); }, options);
}

}  // namespace sluice

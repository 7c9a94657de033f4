#include "bridge/schema/schema_watch.h"

#include <condition_variable>
#include <mutex>
#include <utility>

namespace sluice {
namespace {

void Watch(const std::stop_token& stop, SchemaRegistry& registry, absl::Duration interval) {
  std::mutex mutex;
  std::condition_variable_any stopped;
  while (true) {
    {
      std::unique_lock lock(mutex);
      stopped.wait_for(lock, stop, absl::ToChronoNanoseconds(interval), [] { return false; });
    }
    if (stop.stop_requested()) return;
    registry.ReloadChangedFiles();
  }
}

}  // namespace

SchemaWatch::SchemaWatch(std::shared_ptr<SchemaRegistry> registry, absl::Duration interval)
    : thread_([registry = std::move(registry), interval](const std::stop_token& stop) {
        Watch(stop, *registry, interval);
      }) {}

}  // namespace sluice

#include "bridge/schema/schema_watch.h"

#include <condition_variable>
#include <mutex>
#include <utility>

namespace sluice {
namespace {

void Watch(const std::stop_token& stop, SchemaRegistry& registry,
           const std::function<void()>& looked, absl::Duration interval) {
  std::mutex mutex;
  std::condition_variable_any stopped;
  while (true) {
    {
      std::unique_lock lock(mutex);
      stopped.wait_for(lock, stop, absl::ToChronoNanoseconds(interval), [] { return false; });
    }
    if (stop.stop_requested()) return;
    registry.ReloadChangedFiles();
    if (looked != nullptr) looked();
  }
}

}  // namespace

SchemaWatch::SchemaWatch(std::shared_ptr<SchemaRegistry> registry, std::function<void()> looked,
                         absl::Duration interval)
    : thread_([registry = std::move(registry), looked = std::move(looked), interval](
                  const std::stop_token& stop) { Watch(stop, *registry, looked, interval); }) {}

}  // namespace sluice

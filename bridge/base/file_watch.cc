#include "bridge/base/file_watch.h"

#include <sys/stat.h>

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <tuple>
#include <utility>

namespace sluice {
namespace {

// Through links: what a name stands for changes, too. With the time of its last change of
// any kind, since a file may become readable.
using Look = std::tuple<bool, uint64_t, uint64_t, int64_t, int64_t, int64_t, int64_t, int64_t>;

std::vector<Look> LookAt(const std::vector<std::string>& files) {
  std::vector<Look> looks;
  for (const std::string& file : files) {
    struct stat now {};
    const bool there = ::stat(file.c_str(), &now) == 0;
    looks.emplace_back(there, now.st_dev, now.st_ino, now.st_size, now.st_mtim.tv_sec,
                       now.st_mtim.tv_nsec, now.st_ctim.tv_sec, now.st_ctim.tv_nsec);
  }
  return looks;
}

void Watch(const std::stop_token& stop, const std::vector<std::string>& files,
           const std::vector<Look>& first, const std::function<void()>& changed,
           absl::Duration interval) {
  std::mutex mutex;
  std::condition_variable_any stopped;
  std::vector<Look> known = first;
  std::vector<Look> last = first;
  for (;;) {
    {
      std::unique_lock lock(mutex);
      stopped.wait_for(lock, stop, absl::ToChronoNanoseconds(interval), [] { return false; });
    }
    if (stop.stop_requested()) return;
    std::vector<Look> now = LookAt(files);
    if (now == last && now != known) {
      known = now;
      changed();
    }
    last = std::move(now);
  }
}

}  // namespace

FileWatch::FileWatch(std::vector<std::string> files, std::function<void()> changed,
                     absl::Duration interval)
    : thread_([first = LookAt(files), files = std::move(files), changed = std::move(changed),
               interval](const std::stop_token& stop) {
        Watch(stop, files, first, changed, interval);
      }) {}

}  // namespace sluice

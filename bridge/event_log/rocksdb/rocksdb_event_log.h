// The event log on one machine's disk, in RocksDB: survives the process, and (where every
// write is synced) the machine's loss of power.
//
// One thread writes. It takes what waits, gives offsets, and writes all of it as one batch
// with one sync; then, in the section that Follow takes too, it moves the head and tells the
// Tail; then it answers. Reads run on threads of their own, each on a snapshot that is
// exactly as new as the head it answers with.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "bridge/base/clock.h"
#include "bridge/event_log/event_log.h"

namespace rocksdb {
class Env;
}

namespace sluice {

// What an acknowledgement promises. Whichever it is, it survives the end of the process.
enum class Durability {
  kAlways,    // survives a loss of power
  kInterval,  // a loss of power takes at most the events of the interval
  kNever,     // a loss of power takes what the operating system had not written yet
};

struct RocksdbEventLogOptions {
  std::string path;
  Durability sync = Durability::kAlways;
  absl::Duration sync_interval = absl::Milliseconds(100);
  uint32_t events_per_topic = 10'000;
  uint64_t total_bytes = uint64_t{10} << 30;
  absl::Duration max_age = absl::Hours(24);
  absl::Duration deduplication_window = absl::Minutes(2);
  uint32_t deduplication_ids = 100'000;
  // What waits to be written.
  uint64_t queue_bytes = 64 << 20;
  // Read everything at the start, and refuse what is corrupted.
  bool verify_checksums = false;

  // Topics whose last event is gone are remembered up to this many, so that a client that
  // comes back to one is told of a gap only when there was one.
  uint64_t empty_topics = 1'000'000;
  // How often an idle log looks for what is too old.
  absl::Duration idle_tick = absl::Seconds(1);
  // Between attempts to write again after the disk has failed: doubles up to the longest.
  absl::Duration retry_min = absl::Milliseconds(100);
  absl::Duration retry_max = absl::Seconds(5);
  // What the disk must take before it counts as mended, so that one that is nearly full does not
  // come and go with every publish.
  uint64_t probe_bytes = 16 << 20;
  // Of tables, at once.
  uint32_t open_files = 256;
  // A write that takes longer is answered as UNAVAILABLE, and so is what comes until it is over.
  absl::Duration write_deadline = absl::Seconds(5);
  // What the disk holds back for longer when the log stops is left behind.
  absl::Duration stop_timeout = absl::Seconds(3);
  // For tests: whose files. Null: the machine's own. Outlives the log.
  rocksdb::Env* env = nullptr;
};

// An error says what stands in the way, and what to do about it.
absl::StatusOr<std::unique_ptr<EventLog>> MakeRocksdbEventLog(RocksdbEventLogOptions options,
                                                              const Clock& clock);

}  // namespace sluice

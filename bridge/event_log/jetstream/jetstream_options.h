// How the log in JetStream is reached, and what its stream keeps.
#pragma once

#include <cstdint>
#include <string>

#include "absl/time/time.h"
#include "bridge/nats/nats_options.h"

namespace sluice {

struct JetStreamEventLogOptions {
  NatsOptions nats;
  std::string stream = "SLUICE";
  // Events are kept under `PREFIX.kept.>`; transient ones pass under `PREFIX.transient.>`.
  std::string subject_prefix = "sluice";
  // With more than one, stream I of them is `STREAM_I`, and its prefix `PREFIX.I`.
  uint32_t streams = 1;
  // A topic's stream is told by so many of its first segments; 0: by all of them.
  uint32_t stream_by_segments = 0;
  uint32_t replicas = 1;
  uint32_t events_per_topic = 10'000;
  uint64_t total_bytes = 0;  // 0: no bound of its own
  absl::Duration max_age = absl::Hours(24);
  absl::Duration deduplication_window = absl::Minutes(2);
  // Of the ids that this bridge has seen stored, to answer without asking; the server
  // remembers all of its window.
  uint32_t deduplication_ids = 100'000;
  // How long a publish waits for the server to store it.
  absl::Duration append_timeout = absl::Seconds(5);
  // How long publishes still wait after the server went away; then they fail at once.
  absl::Duration away_grace = absl::Seconds(1);
  // Bounds on what waits to be stored.
  uint32_t waiting_events = 50'000;
  uint64_t queue_bytes = 64 << 20;
  // Reads at once; and how many more wait.
  uint32_t reads = 32;
  uint32_t waiting_reads = 10'000;
  // The server says so often that the tail is alive.
  absl::Duration tail_heartbeat = absl::Seconds(1);
  // How long a stream's tail runs on when nobody follows a topic in it any more.
  absl::Duration tail_linger = absl::Seconds(30);
};

}  // namespace sluice

// What a stream is made with, and how one that is there compares with the configuration.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "bridge/event_log/jetstream/jetstream_options.h"

namespace sluice {

// The configuration of a STREAM.CREATE.
std::string StreamRequest(const JetStreamEventLogOptions& options);

// A stream that keeps more than is configured is no contradiction, and what does not touch
// events (description, placement, republishing and the like) is not looked at.
struct StreamSettings {
  // By what it is no stream for these options, each setting by its name: promises that we make
  // would not hold. Empty: it is one.
  std::vector<std::string> contradictions;
  // In what it keeps less than is configured.
  std::vector<std::string> keeps_less;
  // How long the server knows the ids of messages.
  absl::Duration deduplication_window;
  uint64_t messages_per_subject_max = 0;  // 0: no bound
};

// `configuration`: a JSON object, as STREAM.INFO shows it under `config`.
StreamSettings CompareSettings(std::string_view configuration,
                               const JetStreamEventLogOptions& options);

// OK: a log may be opened on it. FAILED_PRECONDITION names what is in the way, and says what
// can be done.
absl::Status CheckSettings(const StreamSettings& settings, const JetStreamEventLogOptions& options);
// The same, but of what a bridge that runs cannot put up with silently: its acknowledgements
// promise more than the stream holds.
absl::Status CheckPromises(const StreamSettings& settings, const JetStreamEventLogOptions& options);

}  // namespace sluice

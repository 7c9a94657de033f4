// Events as bytes, for the logs that outlive the process (sluice/event_log/v1/record.proto).
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "bridge/event/event.h"

namespace sluice {

// Of an event that is kept: `transient` is not in it.
std::string EncodeRecord(const Event& event);

// DATA_LOSS: these bytes are no event. (They may come from a disk or from another
// machine: everything is checked again that a frame depends on.)
absl::StatusOr<Event> DecodeRecord(std::string_view bytes);

// Tells whether an event that is published again is the same one: a SHA-256 of everything
// but its topic, id and time. The same in every process and version.
using ContentDigest = std::array<uint8_t, 32>;
ContentDigest DigestContent(const Event& event);

}  // namespace sluice

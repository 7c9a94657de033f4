// The id of a block of a call's stream: it means nothing to another stream.
//
//   call-<number, decimal>[.end]
//
// Block 0 is where the stream starts. ".end" is carried by the last one: a client that comes
// back with it is told (204) to stay away.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice {

struct CallId {
  uint64_t number = 0;
  bool end = false;

  friend bool operator==(const CallId&, const CallId&) = default;
};

std::string FormatCallId(const CallId& id);

// Nothing: not an id of ours. Never throws, whatever it is given.
std::optional<CallId> ParseCallId(std::string_view text);

}  // namespace sluice

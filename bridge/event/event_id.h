// The id of an event on the wire: opaque to clients, printable ASCII.
//
//   <epoch, 16 hexadecimal digits>-<offset, decimal>[.end]
//
// The epoch names an incarnation of the event log, the offset a position in
// it. ".end" is carried by the id that ended a stream: a client that comes back
// with it is told (204) to stay away.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice {

// A position in the event log: positions only grow and are never used twice.
// 0 is before the first event.
using Offset = uint64_t;
using Epoch = uint64_t;

struct EventId {
  Epoch epoch = 0;
  Offset offset = 0;
  bool end = false;

  friend bool operator==(const EventId&, const EventId&) = default;
};

// The longest an id of ours is.
inline constexpr size_t kEventIdBytesMax = 16 + 1 + 20 + 4;

std::string FormatEventId(const EventId& id);

// Writes at `out`, which has room for kEventIdBytesMax; returns the length.
size_t WriteEventId(const EventId& id, char* out);

// Nothing: not an id of ours. Never throws, whatever it is given.
std::optional<EventId> ParseEventId(std::string_view text);

}  // namespace sluice

// The keys of what is stored. Numbers stand in them most significant byte first, so that the
// order of keys is the order of numbers. A topic ends with NUL, which is in no topic.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "bridge/event/event_id.h"

namespace sluice::rocksdb_log {

inline constexpr size_t kOffsetBytes = 8;

std::string OffsetKey(Offset offset);
// Nothing: no such key.
std::optional<Offset> ParseOffsetKey(std::string_view key);

// An event of a topic.
std::string EventKey(std::string_view topic, Offset offset);
// Behind all events of the topic.
std::string EventKeyEnd(std::string_view topic);

// The place of an event with its publisher's id; behind all of that id.
std::string PublisherIdKey(std::string_view topic, std::string_view id, Offset offset);
std::string PublisherIdKeyEnd(std::string_view topic, std::string_view id);

// The offset at the end of one of those two.
std::optional<Offset> OffsetAtEnd(std::string_view key);

// One publisher's id of one topic, for finding duplicates: no two triples make the same.
std::string DeduplicationKey(std::string_view principal, std::string_view topic,
                             std::string_view id);

}  // namespace sluice::rocksdb_log

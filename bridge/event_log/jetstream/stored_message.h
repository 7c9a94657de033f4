// How events become messages, and sequences of messages offsets of events.
//
// A message holds the events of one topic that travelled together. Offsets must rise and
// be the same at every bridge, so they are made of what the server says and nothing else:
//
//   offset = base + sequence * 256 - events that follow in the message
//   base   = milliseconds from 2020 to the stream's creation, * 65536
//
// The last event of a message therefore stands at a multiple of 256, which is the head when
// the message has been delivered. The base makes a stream that was deleted and made anew go
// on behind the old one (unless that took more than 256 messages a millisecond, for all of
// its life): what a running bridge holds of the old one never hides what is new.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "bridge/event/event.h"

namespace sluice {

inline constexpr uint64_t kEventsPerMessageMax = 256;

// Headers of a message: how many events it holds, and the digest of its one event's publisher's
// id.
inline constexpr char kEventsHeader[] = "Sluice-Events";
inline constexpr char kPublisherIdHeader[] = "Sluice-Publisher-Id";

// The incarnation of a stream, by when it was made.
class StreamOffsets {
 public:
  StreamOffsets() = default;
  explicit StreamOffsets(absl::Time created);

  Epoch epoch() const { return epoch_; }
  Offset base() const { return base_; }
  // Of the last event of the message.
  Offset Last(uint64_t sequence) const { return base_ + sequence * kEventsPerMessageMax; }
  // Every message up to it has no event after this offset. 0: none has.
  uint64_t SequencesThrough(Offset offset) const {
    return offset <= base_ ? 0 : (offset - base_) / kEventsPerMessageMax;
  }

 private:
  Epoch epoch_ = 0;
  Offset base_ = 0;
};

std::string EncodeMessage(const std::vector<std::string>& records);

// The events of a message, each with its place; of a stream or (`transient`) passing by.
// DATA_LOSS: something in it is no event of `topic`.
absl::StatusOr<std::vector<Event>> DecodeMessage(std::string_view topic, std::string_view body);

// Gives them their places. They are all of one message.
std::vector<StoredEventPtr> PlaceEvents(std::vector<Event> events, const StreamOffsets& offsets,
                                        uint64_t sequence);

}  // namespace sluice

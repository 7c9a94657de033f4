// Publishers' ids that the tail has seen stored, by whichever bridge: a request that repeats
// one is answered before anything of it is stored. Bounded in time and number; the server's
// own window stands behind it.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"
#include "bridge/event_log/record.h"

namespace sluice {

// The Nats-Msg-Id of an event that its publisher gave an id: the server's window is one for
// the whole stream, so principal and topic are in it. (A digest: it has the length and the
// characters of a header, whatever they hold.)
std::string MessageIdOf(std::string_view principal, std::string_view topic, std::string_view id);
// What is stored beside it, to find an event by the id alone.
std::string PublisherIdDigest(std::string_view id);
// For events without an id: so that a retry of ours is stored once.
std::string RandomMessageId();

class SeenIds {
 public:
  struct Seen {
    ContentDigest content;
    Offset offset = 0;
  };

  SeenIds(absl::Duration window, uint32_t ids_max) : window_(window), ids_max_(ids_max) {}

  // Null: not known, or no longer.
  const Seen* Find(const std::string& message_id, absl::Time now);
  void Add(std::string message_id, const Seen& seen, absl::Time stored_at);
  void Clear();

 private:
  struct Aging {
    absl::Time expires_at;
    std::string message_id;
  };

  const absl::Duration window_;
  const uint32_t ids_max_;
  absl::flat_hash_map<std::string, Seen> seen_;
  std::deque<Aging> aging_;
};

}  // namespace sluice

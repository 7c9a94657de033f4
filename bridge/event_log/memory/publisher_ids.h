// Publishers' own event ids, remembered for a while so that a retry stores
// nothing twice. Bounded in time and number.
//
// Not thread-safe: the log's mutex guards it.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"
#include "bridge/event_log/event_log.h"

namespace sluice {

class PublisherIds {
 public:
  struct Known {
    uint64_t content = 0;  // a hash of everything but the time
    AppendResult result;
  };

  PublisherIds(absl::Duration window, uint32_t ids_max) : window_(window), ids_max_(ids_max) {}

  // One publisher's id of one topic.
  static std::string Key(std::string_view principal, const Event& event);
  static uint64_t Content(const Event& event);

  // Null: not known, or no longer.
  const Known* Find(const std::string& key, absl::Time now);
  void Add(std::string key, Known known, absl::Time now);

 private:
  struct Aging {
    absl::Time expires_at;
    std::string key;
  };
  void DropOld(absl::Time now);

  const absl::Duration window_;
  const uint32_t ids_max_;
  absl::flat_hash_map<std::string, Known> known_;
  std::deque<Aging> aging_;
};

}  // namespace sluice

// Who wants to know whether a topic has subscribers: sources that run only while
// somebody listens.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "bridge/base/mutex.h"

namespace sluice {

// Watch comes before the shards run; the rest is thread-safe.
class TopicInterest {
 public:
  // `changed(true)` with the first subscriber on any shard, `changed(false)` when
  // the last has left. On a shard's thread; must not block.
  using Changed = std::function<void(bool any)>;
  void Watch(const std::string& topic, Changed changed);

  // A shard has its first subscriber of the topic, or has lost its last.
  void Gained(std::string_view topic);
  void Lost(std::string_view topic);

 private:
  struct Watched {
    uint32_t shards = 0;
    std::vector<Changed> changed;
  };

  void Add(std::string_view topic, int shards);

  // Guards what changes once the shards run: not the keys, nor who is told.
  Mutex mutex_;
  absl::flat_hash_map<std::string, Watched> topics_;
};

}  // namespace sluice

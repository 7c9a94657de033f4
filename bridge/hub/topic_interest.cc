#include "bridge/hub/topic_interest.h"

#include <utility>

#include "bridge/base/text.h"

namespace sluice {

void TopicInterest::Watch(const std::string& topic, Changed changed) {
  topics_[topic].changed.push_back(std::move(changed));
}

void TopicInterest::Gained(std::string_view topic) { Add(topic, 1); }

void TopicInterest::Lost(std::string_view topic) { Add(topic, -1); }

// Told under the lock, so that who is told hears the changes in their order.
void TopicInterest::Add(std::string_view topic, int shards) {
  const auto it = topics_.find(AsAbsl(topic));
  if (it == topics_.end()) return;
  Watched& watched = it->second;
  const MutexLock lock(&mutex_);
  const bool before = watched.shards > 0;
  watched.shards += static_cast<uint32_t>(shards);
  const bool any = watched.shards > 0;
  if (any == before) return;
  for (const Changed& changed : watched.changed) changed(any);
}

}  // namespace sluice

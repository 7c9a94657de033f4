#include "bridge/event_log/memory/publisher_ids.h"

#include "absl/hash/hash.h"
#include "absl/strings/str_cat.h"

namespace sluice {

std::string PublisherIds::Key(std::string_view principal, const Event& event) {
  // Lengths in front: no two triples make the same key.
  std::string key = absl::StrCat(principal.size(), ":", event.topic.size(), ":");
  key.append(principal).append(event.topic).append(event.publisher_id);
  return key;
}

uint64_t PublisherIds::Content(const Event& event) {
  return absl::HashOf(event.type, event.data, event.attributes, event.retry_ms, event.data_is_text,
                      event.transient, event.end_of_stream);
}

const PublisherIds::Known* PublisherIds::Find(const std::string& key, absl::Time now) {
  DropOld(now);
  const auto it = known_.find(key);
  return it == known_.end() ? nullptr : &it->second;
}

void PublisherIds::Add(std::string key, Known known, absl::Time now) {
  aging_.push_back({now + window_, key});
  known_.emplace(std::move(key), std::move(known));
  DropOld(now);
}

void PublisherIds::DropOld(absl::Time now) {
  while (!aging_.empty() && (aging_.size() > ids_max_ || aging_.front().expires_at < now)) {
    known_.erase(aging_.front().key);
    aging_.pop_front();
  }
}

}  // namespace sluice

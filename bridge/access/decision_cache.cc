#include "bridge/access/decision_cache.h"

#include <algorithm>

namespace sluice {

DecisionCache::Entry* DecisionCache::Find(const QuestionKey& key, absl::Time now) {
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) return nullptr;
  if (found->second->second.forgotten_at <= now) {
    entries_.erase(found->second);
    by_key_.erase(found);
    return nullptr;
  }
  entries_.splice(entries_.begin(), entries_, found->second);
  return &found->second->second;
}

void DecisionCache::Remember(const QuestionKey& key, Entry entry, absl::Time now) {
  const Decision& decision = entry.decision;
  if (options_.entries == 0 || decision.verdict == Decision::Verdict::kError) return;
  entry.forgotten_at =
      std::min({entry.asked_at + (decision.allowed() ? options_.allowed : options_.denied),
                decision.expires_at, decision.credential_expires_at});
  if (entry.forgotten_at <= now) return;
  if (const Entry* there = Find(key, now); there != nullptr) {
    if (there->asked_at > entry.asked_at) return;
    Forget(key);
  }
  entries_.emplace_front(key, std::move(entry));
  by_key_[key] = entries_.begin();
  if (entries_.size() > options_.entries) {
    by_key_.erase(entries_.back().first);
    entries_.pop_back();
  }
}

void DecisionCache::Forget(const QuestionKey& key) {
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) return;
  entries_.erase(found->second);
  by_key_.erase(found);
}

}  // namespace sluice

// Answers that are remembered for a short time, the least lately used of which go first.
#pragma once

#include <cstdint>
#include <list>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"
#include "bridge/access/authorizer.h"
#include "bridge/access/question_key.h"
#include "bridge/access/revocations.h"

namespace sluice {

struct DecisionCacheOptions {
  uint32_t entries = 10'000;  // 0: none
  absl::Duration allowed = absl::Seconds(10);
  absl::Duration denied = absl::Seconds(1);
};

// Not thread-safe: its owner locks.
class DecisionCache {
 public:
  struct Entry {
    Decision decision;
    absl::Time asked_at;
    // No revocation up to this one hits it.
    Revocations::Moment moment = 0;
    absl::Time forgotten_at = absl::InfiniteFuture();
  };

  explicit DecisionCache(DecisionCacheOptions options) : options_(options) {}

  // Null: none that holds. Valid until the next call.
  Entry* Find(const QuestionKey& key, absl::Time now);
  // Unless it is an error, has ended, or is older than what is there.
  void Remember(const QuestionKey& key, Entry entry, absl::Time now);
  void Forget(const QuestionKey& key);

  size_t size() const { return entries_.size(); }

 private:
  using Entries = std::list<std::pair<QuestionKey, Entry>>;

  const DecisionCacheOptions options_;
  Entries entries_;  // the lately used first
  absl::flat_hash_map<QuestionKey, Entries::iterator> by_key_;
};

}  // namespace sluice

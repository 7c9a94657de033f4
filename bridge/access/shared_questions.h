// Questions that running streams keep, to be asked again: ten thousand streams of one
// credential on one topic keep one.
#pragma once

#include <memory>

#include "absl/container/flat_hash_map.h"
#include "bridge/access/question_key.h"
#include "bridge/access/standing.h"
#include "bridge/base/mutex.h"

namespace sluice {

// Thread-safe.
class SharedQuestions {
 public:
  // The one that is there already, if somebody keeps an equal one.
  Standing::Question Share(const AuthorizationRequest& question);

  size_t size() const;  // with some that nobody keeps any more

 private:
  mutable Mutex mutex_;
  absl::flat_hash_map<QuestionKey, std::weak_ptr<const AuthorizationRequest>> kept_
      ABSL_GUARDED_BY(mutex_);
  size_t sweep_at_ ABSL_GUARDED_BY(mutex_) = 64;
};

}  // namespace sluice

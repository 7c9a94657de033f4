#include "bridge/access/shared_questions.h"

#include <algorithm>

namespace sluice {

Standing::Question SharedQuestions::Share(const AuthorizationRequest& question) {
  const std::optional<QuestionKey> key = KeyOf(question);
  if (!key) return std::make_shared<const AuthorizationRequest>(question);
  const MutexLock lock(&mutex_);
  auto& kept = kept_[*key];
  Standing::Question shared = kept.lock();
  if (shared == nullptr) {
    // (Not in one block with its counts, which live for as long as the weak pointer.)
    shared = Standing::Question(new AuthorizationRequest(question));
    kept = shared;
  }
  // Those that nobody keeps go before there are twice as many as are kept.
  if (kept_.size() >= sweep_at_) {
    absl::erase_if(kept_, [](const auto& entry) { return entry.second.expired(); });
    sweep_at_ = std::max<size_t>(64, 2 * kept_.size());
  }
  return shared;
}

size_t SharedQuestions::size() const {
  const MutexLock lock(&mutex_);
  return kept_.size();
}

}  // namespace sluice

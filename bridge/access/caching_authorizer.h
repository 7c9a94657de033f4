// Asks another authorizer, and the same thing only once: equal questions that are open at
// the same time share one answer, and answers are remembered for a short time, by
// everything that was asked.
//
// An answer that was asked for before a revocation that hits it, or before what the asker
// takes for new enough, is not used.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "bridge/access/authorizer.h"
#include "bridge/access/decision_cache.h"
#include "bridge/access/gate.h"
#include "bridge/access/question_key.h"
#include "bridge/access/revocations.h"
#include "bridge/base/clock.h"
#include "bridge/base/mutex.h"

namespace sluice {

class CachingAuthorizer final : public Authorizer {
 public:
  // So many may wait for answers at once, all questions together; more are kError.
  static constexpr size_t kWaitingMax = 200'000;

  // `clock` and `revocations` outlive it.
  CachingAuthorizer(std::unique_ptr<Authorizer> asked, DecisionCacheOptions options,
                    const Clock& clock, const Revocations& revocations);
  ~CachingAuthorizer() override;

  void Authorize(AuthorizationRequest request, Done done) override;
  const Wants& wants() const override { return asked_->wants(); }

 private:
  // A question that is open, and who waits for its answer.
  struct Question;
  using QuestionPtr = std::shared_ptr<Question>;

  // A remembered answer that will do.
  std::optional<Decision> Remembered(const QuestionKey& key, const AuthorizationRequest& request)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Ask(const QuestionPtr& question);
  void Take(const QuestionPtr& question, Decision decision);
  // Whether it was taken back since it was asked for.
  bool TakenBack(Revocations::Moment since, const Decision& decision,
                 const std::vector<std::string>& topics) const;

  std::unique_ptr<Authorizer> asked_;
  const Clock& clock_;
  const Revocations& revocations_;
  Gate gate_;
  Mutex mutex_;
  DecisionCache cache_ ABSL_GUARDED_BY(mutex_);
  // The latest of each.
  absl::flat_hash_map<QuestionKey, QuestionPtr> open_ ABSL_GUARDED_BY(mutex_);
  size_t waiting_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace sluice

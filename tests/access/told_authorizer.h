// Answers what it was told to, at once or when it is let go, and remembers what it was
// asked.
#pragma once

#include <deque>
#include <functional>
#include <mutex>
#include <utility>
#include <vector>

#include "bridge/access/authorizer.h"

namespace sluice {

class ToldAuthorizer final : public Authorizer {
 public:
  using Answer = std::function<Decision(const AuthorizationRequest&)>;

  explicit ToldAuthorizer(Decision::Verdict verdict) { decision.verdict = verdict; }
  explicit ToldAuthorizer(Answer answer) : answer_(std::move(answer)) {}
  ~ToldAuthorizer() override { AnswerHeld(); }

  void Authorize(AuthorizationRequest request, Done done) override {
    {
      const std::lock_guard lock(mutex_);
      questions_.push_back(request);
      if (held) {
        waiting_.emplace_back(std::move(request), std::move(done));
        return;
      }
    }
    done(AnswerTo(request));
  }
  const Wants& wants() const override { return wanted; }

  // Those that were held so far.
  void AnswerHeld() {
    std::deque<std::pair<AuthorizationRequest, Done>> held_back;
    {
      const std::lock_guard lock(mutex_);
      held_back.swap(waiting_);
    }
    for (auto& [request, done] : held_back) done(AnswerTo(request));
  }
  // The one that was held last.
  void AnswerLatest() {
    std::unique_lock lock(mutex_);
    auto [request, done] = std::move(waiting_.back());
    waiting_.pop_back();
    lock.unlock();
    done(AnswerTo(request));
  }
  std::vector<AuthorizationRequest> questions() const {
    const std::lock_guard lock(mutex_);
    return questions_;
  }
  size_t asked() const { return questions().size(); }

  Decision decision;  // where there is no function
  Wants wanted;
  bool held = false;

 private:
  Decision AnswerTo(const AuthorizationRequest& request) const {
    return answer_ ? answer_(request) : decision;
  }

  const Answer answer_;
  mutable std::mutex mutex_;
  std::vector<AuthorizationRequest> questions_;
  std::deque<std::pair<AuthorizationRequest, Done>> waiting_;
};

}  // namespace sluice

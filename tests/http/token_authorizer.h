// Knows tokens; answers from a thread of its own, as an authorizer far away.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "bridge/access/authorizer.h"

namespace sluice {

class TokenAuthorizer final : public Authorizer {
 public:
  TokenAuthorizer() : thread_([this] { Run(); }) {}
  ~TokenAuthorizer() override {
    {
      const std::lock_guard lock(mutex_);
      ended_ = true;
    }
    wake_.notify_all();
    thread_.join();
  }

  // What a token is answered; others are kUnauthenticated.
  Decision& On(const std::string& token) {
    Decision& decision = decisions_[token];
    decision.verdict = Decision::Verdict::kAllow;
    return decision;
  }
  // Answers wait until they are let go.
  void Hold(bool held) {
    {
      const std::lock_guard lock(mutex_);
      held_ = held;
    }
    wake_.notify_all();
  }
  void WaitForQuestion() {
    std::unique_lock lock(mutex_);
    asked_.wait(lock, [this] { return !waiting_.empty(); });
  }
  // Nobody waits for an answer.
  bool idle() {
    const std::lock_guard lock(mutex_);
    return waiting_.empty();
  }
  std::vector<AuthorizationRequest> questions() {
    const std::lock_guard lock(mutex_);
    return questions_;
  }

  void Authorize(AuthorizationRequest request, Done done) override {
    {
      const std::lock_guard lock(mutex_);
      questions_.push_back(request);
      waiting_.emplace_back(std::move(request), std::move(done));
    }
    asked_.notify_all();
    wake_.notify_all();
  }
  const Wants& wants() const override { return wanted; }

  Wants wanted;

 private:
  Decision Decide(const AuthorizationRequest& request) const {
    const auto known = decisions_.find(request.credential);
    if (known != decisions_.end()) return known->second;
    Decision decision;
    decision.verdict = Decision::Verdict::kUnauthenticated;
    return decision;
  }
  void Run() {
    for (;;) {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return ended_ || (!held_ && !waiting_.empty()); });
      if (waiting_.empty()) return;
      auto [request, done] = std::move(waiting_.front());
      waiting_.pop_front();
      lock.unlock();
      done(Decide(request));
    }
  }

  std::map<std::string, Decision> decisions_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable asked_;
  std::deque<std::pair<AuthorizationRequest, Done>> waiting_;
  std::vector<AuthorizationRequest> questions_;
  bool held_ = false;
  bool ended_ = false;
  std::thread thread_;
};

}  // namespace sluice

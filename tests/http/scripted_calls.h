// Backends' calls whose answers a test says word by word.
#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "boost/asio/io_context.hpp"
#include "boost/asio/post.hpp"
#include "bridge/hub/shard.h"
#include "bridge/relay/calls.h"
#include "gtest/gtest.h"

namespace sluice {

// One call for one client.
class ScriptedCall : public std::enable_shared_from_this<ScriptedCall> {
 public:
  ScriptedCall(Shard& shard, CallRequest made, CallRelay::Reader& reader)
      : request(std::move(made)), shard_(shard), reader_(&reader) {}

  // What the backend says. An event waits until it is asked for.
  void Start() {
    Tell([](CallRelay::Reader& reader) { reader.OnStarted(); });
  }
  void Say(Event event) {
    WaitAsked();
    {
      const std::lock_guard lock(mutex_);
      asked_ = false;
    }
    Tell([event = std::move(event)](CallRelay::Reader& reader) { reader.OnEvent(event); });
  }
  void End(absl::Status status) {
    Tell([status = std::move(status)](CallRelay::Reader& reader) { reader.OnEnd(status); });
  }

  void WaitAsked() {
    Wait([this] { return asked_; }, "the next response is asked for");
  }
  void WaitCancelled() {
    Wait([this] { return cancelled_; }, "the call is cancelled");
  }
  bool asked() {
    const std::lock_guard lock(mutex_);
    return asked_;
  }
  bool cancelled() {
    const std::lock_guard lock(mutex_);
    return cancelled_;
  }

  const CallRequest request;

 private:
  friend class ScriptedRelay;

  template <typename Condition>
  void Wait(Condition condition, const char* what) {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, std::chrono::seconds(20), condition)) << what;
  }
  template <typename Telling>
  void Tell(Telling telling) {
    boost::asio::post(shard_.context(), [self = shared_from_this(), telling = std::move(telling)] {
      if (self->reader_ != nullptr) telling(*self->reader_);
    });
  }
  void Change(bool& what) {
    {
      const std::lock_guard lock(mutex_);
      EXPECT_FALSE(what);
      what = true;
    }
    changed_.notify_all();
  }

  Shard& shard_;
  CallRelay::Reader* reader_;  // the shard's thread
  std::mutex mutex_;
  std::condition_variable changed_;
  bool asked_ = false;
  bool cancelled_ = false;
};

class ScriptedRelay final : public CallRelay {
 public:
  explicit ScriptedRelay(std::shared_ptr<ScriptedCall> call) : call_(std::move(call)) {}
  ~ScriptedRelay() override {
    call_->reader_ = nullptr;
    call_->Change(call_->cancelled_);
  }
  void Next() override { call_->Change(call_->asked_); }
  void SetReader(Reader& reader) override { call_->reader_ = &reader; }

 private:
  const std::shared_ptr<ScriptedCall> call_;
};

class ScriptedCalls final : public Calls {
 public:
  std::unique_ptr<CallRelay> Call(Shard& shard, CallRequest request,
                                  CallRelay::Reader& reader) override {
    auto call = std::make_shared<ScriptedCall>(shard, std::move(request), reader);
    {
      const std::lock_guard lock(mutex_);
      calls_.push_back(call);
    }
    changed_.notify_all();
    return std::make_unique<ScriptedRelay>(std::move(call));
  }
  void Join(std::string topic, const CallPolicy&, CallRequest, absl::Duration wait,
            JoinDone done) override {
    {
      const std::lock_guard lock(mutex_);
      joins.push_back(std::move(topic));
      waits.push_back(wait);
    }
    done(answer);
  }
  std::optional<Joined> JoinRunning(const std::string&) override { return running; }

  // The n-th call, from 1 on, once it is made.
  std::shared_ptr<ScriptedCall> WaitForCall(size_t n = 1) {
    std::unique_lock lock(mutex_);
    const bool made =
        changed_.wait_for(lock, std::chrono::seconds(20), [this, n] { return calls_.size() >= n; });
    EXPECT_TRUE(made) << "call " << n << " is made";
    return made ? calls_[n - 1] : nullptr;
  }
  size_t count() {
    const std::lock_guard lock(mutex_);
    return calls_.size();
  }

  // Of calls on demand; before a request.
  absl::StatusOr<Joined> answer = absl::UnavailableError("10.0.0.7:9 refused");
  std::optional<Joined> running;
  std::vector<std::string> joins;
  std::vector<absl::Duration> waits;

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::shared_ptr<ScriptedCall>> calls_;
};

}  // namespace sluice

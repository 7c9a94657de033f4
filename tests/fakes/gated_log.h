// An event log whose reads can be held back, counted and made to fail; the rest
// goes to a real one.
#pragma once

#include <deque>
#include <functional>
#include <utility>

#include "tests/fakes/forwarding_log.h"

namespace sluice {

class GatedLog final : public ForwardingLog {
 public:
  using ForwardingLog::ForwardingLog;

  void HoldReads() { held_ = true; }
  // Lets `count` of the reads that wait go on. They read what is there now.
  void ReleaseReads(size_t count = SIZE_MAX) {
    held_ = held_ && count != SIZE_MAX;
    for (; count > 0 && !waiting_.empty(); --count) {
      auto read = std::move(waiting_.front());
      waiting_.pop_front();
      read();
    }
  }
  // What was read stays as it was when it was asked for; only the answer waits.
  void HoldAnswers() { held_answers_ = true; }
  void ReleaseAnswers() {
    held_answers_ = false;
    for (auto& answer : std::exchange(answers_, {})) answer();
  }
  void FailReads(absl::Status status) { failure_ = std::move(status); }
  size_t waiting() const { return waiting_.size(); }
  size_t reads() const { return reads_; }

  void Read(ReadRequest request, ReadDone done) override {
    ++reads_;
    if (!failure_.ok()) return done(failure_);
    if (held_answers_) {
      done = [this, done = std::move(done)](absl::StatusOr<ReadResult> result) {
        answers_.push_back([done, result = std::move(result)] { done(result); });
      };
    }
    auto read = [this, request = std::move(request), done = std::move(done)] {
      log_.Read(request, done);
    };
    if (held_) {
      waiting_.push_back(std::move(read));
    } else {
      read();
    }
  }

 private:
  bool held_ = false;
  bool held_answers_ = false;
  absl::Status failure_;
  size_t reads_ = 0;
  std::deque<std::function<void()>> waiting_;
  std::deque<std::function<void()>> answers_;
};

}  // namespace sluice

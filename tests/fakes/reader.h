// A subscriber that writes down what it gets.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bridge/hub/shard.h"
#include "bridge/hub/subscription.h"

namespace sluice {

struct Received {
  std::string topic;
  Offset offset = 0;  // of a gap: where it resumes
  std::string data;
  bool gap = false;
  bool transient = false;
  bool last = false;
  std::string requested;  // of a gap
  std::string resumed;    // of a gap
  std::string frame;

  std::string id() const {
    return frame.substr(frame.find("id: ") + 4,
                        frame.find('\n', frame.find("id: ")) - frame.find("id: ") - 4);
  }
};

class Reader final : public Subscriber {
 public:
  Reader(Shard& shard, SubscriptionSpec spec) : shard_(shard) {
    subscription_.emplace(shard, *this, std::move(spec));
  }

  // Takes nothing until Resume; as a socket that is full.
  void Stop() { stopped_ = true; }
  void Resume() {
    stopped_ = false;
    OnReady();
  }
  // At most this many items for each Peek, of which all but `left` are taken.
  void TakeAtMost(size_t items, size_t left = 0) {
    peek_ = items;
    left_ = left;
  }

  void OnReady() override {
    ++readies_;
    while (!stopped_) {
      std::vector<Item> items(peek_);
      const size_t count = subscription_->Peek(items, bytes_max_);
      if (count == 0) return;
      const size_t taken = count > left_ ? count - left_ : count;
      for (size_t i = 0; i < taken; ++i) Note(items[i]);
      subscription_->Advance(taken);
      if (pause_after_taking_) subscription_->Pause();
    }
  }
  void OnHeartbeat(const FramePtr& frame) override {
    heartbeats_.push_back(std::string(frame->plain()));
  }
  void OnTick(absl::Time) override {}
  void OnLogAway(const LogOutage& outage) override { outages_.push_back(outage); }
  void OnDrain(Reason reason, uint32_t retry_ms) override {
    drained_ = {reason, retry_ms};
    subscription_.reset();
  }
  void OnCut(Reason) override { subscription_.reset(); }
  SubscriberDescription Describe() const override { return {}; }

  void PauseAfterTaking() { pause_after_taking_ = true; }

  const std::vector<Received>& received() const { return received_; }
  std::vector<std::string> data() const {
    std::vector<std::string> all;
    for (const Received& one : received_) all.push_back(one.gap ? "gap" : one.data);
    return all;
  }
  const std::vector<std::string>& heartbeats() const { return heartbeats_; }
  const std::vector<LogOutage>& outages() const { return outages_; }
  Subscription& subscription() { return *subscription_; }
  size_t readies() const { return readies_; }
  // Why it was asked to leave, and when to come back.
  std::optional<std::pair<Reason, uint32_t>> drained() const { return drained_; }

 private:
  void Note(const Item& item) {
    Received one;
    one.frame = item.frame->plain();
    one.last = item.last;
    if (item.gap != nullptr) {
      one.topic = item.gap->topic;
      one.offset = item.gap->resumed.offset;
      one.gap = true;
      one.requested = item.gap->requested;
      one.resumed = FormatEventId(item.gap->resumed);
    } else {
      one.topic = item.event->event().topic;
      one.offset = item.event->offset();
      one.data = std::string(item.event->data().value_or(""));
      one.transient = item.event->transient();
    }
    received_.push_back(std::move(one));
  }

  Shard& shard_;
  std::optional<Subscription> subscription_;
  std::vector<Received> received_;
  std::vector<std::string> heartbeats_;
  std::vector<LogOutage> outages_;
  std::optional<std::pair<Reason, uint32_t>> drained_;
  size_t peek_ = 16;
  size_t left_ = 0;
  size_t bytes_max_ = 1 << 20;
  size_t readies_ = 0;
  bool stopped_ = false;
  bool pause_after_taking_ = false;
};

}  // namespace sluice

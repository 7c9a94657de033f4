// A relay among real things: backends that the test writes by hand, a schema from
// their descriptor set, an event log, and a hub whose shards run.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "boost/asio/io_context.hpp"
#include "boost/asio/post.hpp"
#include "bridge/base/metrics.h"
#include "bridge/event_log/memory/memory_event_log.h"
#include "bridge/hub/hub.h"
#include "bridge/hub/subscription.h"
#include "bridge/relay/relay.h"
#include "bridge/schema/ingest.h"
#include "bridge/schema/json_transcoder.h"
#include "bridge/schema/schema_registry.h"
#include "tests/fakes/events.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/forwarding_log.h"
#include "tests/relay/test_backend.h"
#include "tests/schema/test_schema.h"

namespace sluice {

// An event log that can be away.
class AwayLog final : public ForwardingLog {
 public:
  explicit AwayLog(std::unique_ptr<EventLog> log) : ForwardingLog(*log), owned_(std::move(log)) {}

  void GoAway() { away_ = true; }
  // Goes on storing, and says that it could not.
  void LoseAnswers() { answers_lost_ = true; }
  void ComeBack() { away_ = answers_lost_ = false; }
  uint64_t refused() const { return refused_; }

  void Append(AppendRequest request, AppendDone done) override {
    if (answers_lost_) ForwardingLog::Append(request, [](const auto&) {});
    if (!away_ && !answers_lost_) return ForwardingLog::Append(std::move(request), std::move(done));
    ++refused_;
    done(absl::UnavailableError("away"));
  }
  bool MayStoreUnanswered() const override { return true; }

 private:
  const std::unique_ptr<EventLog> owned_;
  std::atomic<bool> away_{false};
  std::atomic<bool> answers_lost_{false};
  std::atomic<uint64_t> refused_{0};
};

// Until it is so; false: it never was.
template <typename Condition>
bool Eventually(Condition condition) {
  const absl::Time give_up = absl::Now() + absl::Seconds(30);
  while (!condition()) {
    if (absl::Now() > give_up) return false;
    std::this_thread::yield();
  }
  return true;
}

// Runs it on the shard's thread, and waits for that.
inline void RunOn(Shard& shard, std::function<void()> run) {
  std::promise<void> ran;
  boost::asio::post(shard.context(), [&] {
    run();
    ran.set_value();
  });
  ran.get_future().wait();
}

// Somebody who listens to a topic on a running shard, and stays when asked to leave.
class Listening final : public Subscriber {
 public:
  Listening(Shard& shard, std::string topic) : shard_(shard) {
    RunOn(shard_, [&] {
      subscription_ = std::make_unique<Subscription>(
          shard_, *this, SubscriptionSpec{.topics = {std::move(topic)}});
    });
  }
  ~Listening() override {
    RunOn(shard_, [&] { subscription_.reset(); });
  }

  // Why it was asked to leave, each time.
  std::vector<Reason> asked_to_leave() const {
    const std::lock_guard lock(mutex_);
    return asked_to_leave_;
  }

 private:
  void OnReady() override {
    std::vector<Item> items(16);
    while (const size_t count = subscription_->Peek(items, 1 << 20)) subscription_->Advance(count);
  }
  void OnHeartbeat(const FramePtr&) override {}
  void OnTick(absl::Time) override {}
  void OnDrain(Reason reason, uint32_t) override {
    const std::lock_guard lock(mutex_);
    asked_to_leave_.push_back(reason);
  }
  void OnCut(Reason) override { subscription_.reset(); }
  SubscriberDescription Describe() const override { return {}; }

  Shard& shard_;
  std::unique_ptr<Subscription> subscription_;
  mutable std::mutex mutex_;
  std::vector<Reason> asked_to_leave_;
};

class RelayFixture : public testing::Test {
 protected:
  RelayFixture() {
    log_.Start(&hub_);
    options_.backends = {
        {.name = "assistant", .address = backend_->address(), .reflection = false}};
  }
  ~RelayFixture() override {
    if (relay_ != nullptr) relay_->Stop();
    hub_.Stop();
  }

  RelayContext Context() {
    transcoder_ = std::make_unique<JsonTranscoder>(schema_);
    ingest_ = std::make_unique<Ingest>(*transcoder_, clock_, 100);
    return {.hub = &hub_,
            .log = &log_,
            .schema = schema_.get(),
            .transcoder = transcoder_.get(),
            .ingest = ingest_.get(),
            .clock = &clock_,
            .metrics = &metrics_};
  }
  void Start() {
    relay_ = std::make_unique<Relay>(options_, Context());
    hub_.Start();
    relay_->Start();
  }

  // The wire bytes of an `acme.assistant.v1` message in protobuf's text format.
  std::string Bytes(const std::string& type, const std::string& text) const {
    return MakeAny(*assistant_, "acme.assistant.v1." + type, text).value();
  }
  std::string Word(const std::string& text) const {
    return Bytes("Word", "text: \"" + text + "\"");
  }
  static std::string WordJson(const std::string& text) {
    return R"({"text":")" + text + R"(","number":0})";
  }

  // What the log holds of the topic.
  std::vector<StoredEventPtr> Events(const std::string& topic, Offset after = 0) {
    return Read(log_, {.topic = topic,
                       .start = AfterOffset{after},
                       .events_max = 100'000,
                       .bytes_max = size_t{1} << 30})
        .value()
        .events;
  }
  std::vector<std::string> Data(const std::string& topic, Offset after = 0) {
    std::vector<std::string> data;
    for (const StoredEventPtr& event : Events(topic, after)) {
      data.emplace_back(event->data().value_or("(none)"));
    }
    return data;
  }
  // Of at least as many.
  std::vector<std::string> AwaitData(const std::string& topic, size_t count) {
    EXPECT_TRUE(Eventually([&] { return Events(topic).size() >= count; }));
    return Data(topic);
  }

  FakeClock clock_;
  Metrics metrics_;
  const std::shared_ptr<SchemaRegistry> assistant_ =
      *SchemaRegistry::Load({ASSISTANT_DESCRIPTOR_SET}, {});
  std::shared_ptr<SchemaRegistry> schema_ = *SchemaRegistry::Load({ASSISTANT_DESCRIPTOR_SET}, {});
  std::unique_ptr<JsonTranscoder> transcoder_;
  std::unique_ptr<Ingest> ingest_;
  AwayLog log_{MakeMemoryEventLog({.epoch = 0xe}, clock_)};
  Hub hub_{2, ShardOptions{}, log_, clock_, metrics_};
  std::unique_ptr<TestBackend> backend_ = std::make_unique<TestBackend>();
  RelayOptions options_;
  std::unique_ptr<Relay> relay_;
};

}  // namespace sluice

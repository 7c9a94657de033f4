// A hub whose shards run when the test says so, on a log in memory whose reads
// can be held back.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "boost/asio/io_context.hpp"
#include "bridge/base/metrics.h"
#include "bridge/event_log/memory/memory_event_log.h"
#include "bridge/hub/hub.h"
#include "tests/fakes/events.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/gated_log.h"
#include "tests/fakes/reader.h"

namespace sluice {

class HubFixture : public testing::Test {
 protected:
  static constexpr Epoch kEpoch = 0xe;

  void Make(MemoryEventLogOptions log_options, ShardOptions shard_options = {},
            uint32_t shards = 1) {
    log_options.epoch = kEpoch;
    memory_ = MakeMemoryEventLog(log_options, clock_);
    log_ = std::make_unique<GatedLog>(*memory_);
    hub_ = std::make_unique<Hub>(shards, shard_options, *log_, clock_, metrics_);
    log_->Start(hub_.get());
  }
  void Make() { Make(MemoryEventLogOptions{}); }

  Shard& shard(size_t index = 0) { return hub_->shard(index); }
  // Until nothing is left to do.
  void Run(size_t index = 0) {
    shard(index).context().restart();
    shard(index).context().poll();
  }
  Offset Publish(Event event) { return AppendOne(*log_, std::move(event)); }
  Offset Publish(std::string topic, std::string data) {
    return Publish(MakeEvent(std::move(topic), std::move(data)));
  }
  static std::string Id(Offset offset, Epoch epoch = kEpoch) {
    return FormatEventId({epoch, offset, false});
  }

  // A subscriber that begins now; one that resumes; one that wants everything.
  std::unique_ptr<Reader> Latest(std::vector<std::string> topics, size_t on = 0) {
    return std::make_unique<Reader>(shard(on), SubscriptionSpec{.topics = std::move(topics)});
  }
  std::unique_ptr<Reader> ResumeAt(std::vector<std::string> topics, std::string id, size_t on = 0) {
    return std::make_unique<Reader>(
        shard(on), SubscriptionSpec{.topics = std::move(topics), .last_event_id = std::move(id)});
  }
  std::unique_ptr<Reader> FromEarliest(std::vector<std::string> topics, size_t on = 0) {
    return std::make_unique<Reader>(
        shard(on),
        SubscriptionSpec{.topics = std::move(topics), .start = {StreamStart::Kind::kEarliest}});
  }

  FakeClock clock_;
  Metrics metrics_;
  std::unique_ptr<EventLog> memory_;
  std::unique_ptr<GatedLog> log_;
  std::unique_ptr<Hub> hub_;
};

}  // namespace sluice

#include "bridge/hub/hub.h"

#include <atomic>
#include <thread>

#include "boost/asio/executor_work_guard.hpp"
#include "boost/asio/io_context.hpp"
#include "boost/asio/post.hpp"

namespace sluice {

struct Hub::Threads {
  using Work = boost::asio::executor_work_guard<boost::asio::io_context::executor_type>;
  std::vector<Work> work;
  std::vector<std::thread> threads;
  std::atomic<uint32_t> turn{0};
};

Hub::Hub(uint32_t shards, ShardOptions options, EventLog& log, const Clock& clock, Metrics& metrics)
    : threads_(std::make_unique<Threads>()) {
  for (ShardIndex index = 0; index < shards; ++index) {
    shards_.push_back(std::make_unique<Shard>(index, options, log, clock, metrics, &interest_));
  }
}

Hub::~Hub() { Stop(); }

void Hub::Start() {
  for (const auto& shard : shards_) {
    threads_->work.emplace_back(shard->context().get_executor());
    shard->Start();
    threads_->threads.emplace_back([&context = shard->context()] { context.run(); });
  }
}

void Hub::Stop() {
  for (const auto& shard : shards_) shard->context().stop();
  for (std::thread& thread : threads_->threads) thread.join();
  // Nobody runs now: who is still here is let go from this thread.
  for (const auto& shard : shards_) shard->CutAll(Reason::kDraining);
  threads_->threads.clear();
  threads_->work.clear();
}

Shard& Hub::NextShard() {
  return *shards_[threads_->turn.fetch_add(1, std::memory_order_relaxed) % shards_.size()];
}

namespace {

// From shard to shard: what `visit` gathers needs no lock.
void VisitFrom(Hub& hub, size_t index, std::function<void(Shard&)> visit,
               std::function<void()> done) {
  boost::asio::post(hub.shard(index).context(),
                    [&hub, index, visit = std::move(visit), done = std::move(done)]() mutable {
                      visit(hub.shard(index));
                      if (index + 1 == hub.size()) return done();
                      VisitFrom(hub, index + 1, std::move(visit), std::move(done));
                    });
}

}  // namespace

void Hub::Visit(std::function<void(Shard&)> visit, std::function<void()> done) {
  VisitFrom(*this, 0, std::move(visit), std::move(done));
}

void Hub::CloseTopic(std::string topic, Reason reason, uint32_t retry_ms) {
  Visit([topic = std::move(topic), reason,
         retry_ms](Shard& shard) { shard.CloseTopic(topic, reason, retry_ms); },
        [] {});
}

void Hub::Doubt(absl::Duration within) {
  Visit([within](Shard& shard) { shard.Doubt(within); }, [] {});
}

void Hub::Deliver(ShardIndex shard, std::span<const StoredEventPtr> events) {
  shards_[shard]->Deliver(events);
}

void Hub::Lost(ShardIndex shard, Partition partition) { shards_[shard]->Lost(partition); }

uint64_t Hub::subscribers() const {
  uint64_t sum = 0;
  for (const auto& shard : shards_) sum += shard->subscribers();
  return sum;
}

uint64_t Hub::delivered() const {
  uint64_t sum = 0;
  for (const auto& shard : shards_) sum += shard->delivered();
  return sum;
}

}  // namespace sluice

// The hub on its own threads, for ThreadSanitizer and for races that only
// threads make.
#include <atomic>
#include <future>
#include <random>
#include <thread>

#include "boost/asio/post.hpp"
#include "tests/hub/hub_fixture.h"

namespace sluice {
namespace {

class HubThreads : public HubFixture {
 protected:
  // On the shard's thread, and back.
  template <typename Work>
  void On(size_t index, Work work) {
    std::promise<void> done;
    boost::asio::post(shard(index).context(), [&] {
      work();
      done.set_value();
    });
    done.get_future().wait();
  }
};

TEST_F(HubThreads, SubscribersThatComeAndGoWhileManyPublishMissNothing) {
  constexpr int kPublishers = 3;
  constexpr int kEvents = 2000;
  constexpr size_t kShards = 2;
  Make({}, {.window_bytes = 20'000, .inbox_events = 64}, kShards);
  hub_->Start();

  std::atomic<int> publishing{kPublishers};
  std::vector<std::thread> publishers;
  for (int p = 0; p < kPublishers; ++p) {
    publishers.emplace_back([this, p, &publishing] {
      for (int i = 0; i < kEvents; ++i) {
        Publish("a/" + std::to_string(p), std::to_string(i));
        if (i % 50 == 0) std::this_thread::yield();
      }
      --publishing;
    });
  }

  const std::vector<std::string> topics = {"a/0", "a/1", "a/2"};
  std::minstd_rand random(7);
  std::string id = Id(0);
  std::vector<Offset> seen;
  for (int visit = 0; publishing > 0 || visit < 50; ++visit) {
    const size_t on = random() % kShards;
    std::unique_ptr<Reader> reader;
    On(on, [&] { reader = ResumeAt(topics, id, on); });
    for (int turns = static_cast<int>(random() % 20); turns > 0; --turns) On(on, [] {});
    On(on, [&] {
      for (const Received& one : reader->received()) {
        EXPECT_FALSE(one.gap);
        seen.push_back(one.offset);
      }
      if (!reader->received().empty()) id = reader->received().back().id();
      reader.reset();
    });
  }
  for (std::thread& publisher : publishers) publisher.join();

  std::unique_ptr<Reader> last;
  On(0, [&] { last = ResumeAt(topics, id, 0); });
  const auto caught_up = [&] {
    bool is = false;
    On(0, [&] { is = last->subscription().state() == Subscription::State::kCaughtUp; });
    return is;
  };
  while (!caught_up()) std::this_thread::yield();
  On(0, [&] {
    for (const Received& one : last->received()) seen.push_back(one.offset);
    last.reset();
  });
  std::vector<Offset> all(kPublishers * kEvents);
  for (size_t i = 0; i < all.size(); ++i) all[i] = i + 1;
  EXPECT_EQ(seen, all);
  hub_->Stop();
}

TEST_F(HubThreads, VisitsEveryShardOnItsThread) {
  Make({}, {}, 3);
  hub_->Start();
  std::vector<ShardIndex> visited;
  std::promise<void> done;
  hub_->Visit([&](Shard& visited_shard) { visited.push_back(visited_shard.index()); },
              [&] { done.set_value(); });
  done.get_future().wait();
  EXPECT_EQ(visited, (std::vector<ShardIndex>{0, 1, 2}));
  hub_->Stop();
}

TEST_F(HubThreads, StoppingLetsGoOfWhoIsStillThere) {
  Make({}, {}, 2);
  hub_->Start();
  std::unique_ptr<Reader> reader;
  On(1, [&] { reader = Latest({"a/1"}, 1); });
  EXPECT_EQ(hub_->subscribers(), 1u);
  hub_->Stop();
  EXPECT_EQ(hub_->subscribers(), 0u);
}

}  // namespace
}  // namespace sluice

// A seeded simulation of two nodes, each with its hub, on one distributed log that is as bad
// as one may be: see tests/fakes/faulty_log.h. Publishers try again until they are answered;
// clients come, stall, leave and go on with their Last-Event-ID at either node. All of it
// happens in an order drawn by chance, one thing after another. At the end every fault is
// healed, and DeliveryJudge says whether anybody is owed anything.
//
// How seeds are chosen and replayed: tests/fakes/simulation_seeds.h.
#include <gtest/gtest.h>

#include <deque>

#include "absl/strings/str_cat.h"
#include "boost/asio/io_context.hpp"
#include "bridge/base/metrics.h"
#include "bridge/hub/hub.h"
#include "tests/fakes/chance.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/faulty_log.h"
#include "tests/fakes/reader.h"
#include "tests/fakes/simulation_seeds.h"
#include "tests/hub/delivery_judge.h"

namespace sluice {
namespace {

constexpr uint32_t kNodes = 2;
constexpr uint32_t kShards = 2;
constexpr uint32_t kTopics = 3;  // of a partition
constexpr uint32_t kClientsMax = 8;
constexpr uint32_t kSteps = 300;

struct Node {
  Metrics metrics;
  std::unique_ptr<FaultyLog> log;
  std::unique_ptr<Hub> hub;
};

struct Publisher {
  std::string name;
  uint64_t published = 0;
  std::deque<Event> waiting;  // the first is tried until it is answered
};

struct Client {
  Partition partition = 0;
  SubscriptionSpec spec;
  std::unique_ptr<ClientJudge> judge;
  // While it is connected:
  uint32_t node = 0;
  uint32_t shard = 0;
  std::unique_ptr<Reader> reader;
  bool opened = false;
  size_t checked = 0;
};

class World {
 public:
  explicit World(uint32_t seed)
      : chance_(seed),
        leader_(1 + chance_.UpTo(2)),
        crashes_(chance_.OneIn(4)),
        is_made_anew_(chance_.OneIn(2)),
        starts_unknown_(chance_.OneIn(2)) {
    for (Partition partition = 0; partition < leader_.partitions(); ++partition) {
      ledger_.Made(partition, leader_.epoch(partition));
    }
    leader_.OnStored([this](const StoredEvent& event) {
      ledger_.Stored(event.id(), {event.event().topic, std::string(*event.data()),
                                  event.event().attributes.front().second});
    });
    shards_ = {.window_bytes = 400u + Draw(4000),
               .windows_bytes = 1500u + Draw(20'000),
               .inbox_events = 4u + Draw(60),
               .replays = 1u + Draw(3)};
    for (Node& node : nodes_) Boot(node);
    for (int n = 0; n < 3; ++n) publishers_.push_back({.name = absl::StrCat("p", n)});
  }
  ~World() { clients_.clear(); }

  void Play() {
    for (uint32_t step = 0; step < kSteps && !testing::Test::HasFailure(); ++step) {
      Step();
      for (Client& client : clients_) Check(client);
    }
    if (testing::Test::HasFailure()) return;
    Heal();
    if (testing::Test::HasFailure()) return;
    for (const Client& client : clients_) {
      EXPECT_EQ(client.judge->Owed(leader_.epoch(client.partition)), "")
          << "a client at " << client.judge->last_event_id();
    }
  }

 private:
  uint32_t Draw(uint32_t max) { return chance_.UpTo(max); }
  Partition DrawPartition() { return Draw(leader_.partitions() - 1); }
  Node& DrawNode() { return nodes_[Draw(kNodes - 1)]; }
  std::string DrawTopic(Partition partition) {
    return absl::StrCat(partition, "/", std::string(1, static_cast<char>('a' + Draw(kTopics - 1))));
  }

  void Boot(Node& node) {
    node.log = std::make_unique<FaultyLog>(leader_, chance_);
    node.hub = std::make_unique<Hub>(kShards, shards_, *node.log, clock_, node.metrics);
    node.log->Start(node.hub.get());
    node.log->SetFaults(faults_);
    if (starts_unknown_) return;
    for (Partition partition = 0; partition < leader_.partitions(); ++partition) {
      node.log->Reach(partition);
    }
  }

  void Step() {
    clock_.Advance(absl::Milliseconds(Draw(100)));
    switch (Draw(23)) {
      case 0:
      case 1:
      case 2:
      case 3:
        return Publish();
      case 4:
        return TellTransient();
      case 5:
      case 6:
        return Come();
      case 7:
        return Leave();
      case 8:
        return Stall();
      case 9:
        return HearHeartbeats();
      case 10:
      case 11:
      case 12:
        return Run(DrawNode().hub->shard(Draw(kShards - 1)));
      case 13:
      case 14:
        return RunOneHandler(DrawNode().hub->shard(Draw(kShards - 1)));
      case 15:
      case 16:
      case 17:
        return DrawNode().log->RunTail(DrawPartition(), 1 + Draw(20));
      case 18:
      case 19:
        return DrawNode().log->AnswerARead();
      case 20:
        return DrawNode().log->Reach(DrawPartition());
      case 21:
        return ChangeTail();
      case 22:
        return DropHistory();
      default:
        return Disaster();
    }
  }

  void Publish() {
    for (uint32_t n = Draw(5); n > 0; --n) {
      Publisher& publisher = publishers_[Draw(2)];
      Event event;
      event.topic = DrawTopic(DrawPartition());
      event.publisher_id = absl::StrCat(++publisher.published);
      event.data =
          absl::StrCat(publisher.name, ".", publisher.published, std::string(Draw(80), 'x'));
      event.attributes = {{"room", absl::StrCat(Draw(1))}};
      publisher.waiting.push_back(std::move(event));
    }
    for (Publisher& publisher : publishers_) TryAll(publisher);
  }

  // One after another, so that they are stored in their order.
  void TryAll(Publisher& publisher) {
    while (!publisher.waiting.empty()) {
      bool stored = false;
      DrawNode().log->Append({publisher.name, {publisher.waiting.front()}}, [&](auto results) {
        stored = results.ok();
        if (stored) Acknowledged(publisher.waiting.front(), results->front().id);
      });
      if (!stored) return;
      publisher.waiting.pop_front();
    }
  }

  // What is acknowledged is there.
  void Acknowledged(const Event& event, EventId id) {
    const Ledger::Incarnation* of = ledger_.Find(id.epoch);
    ASSERT_NE(of, nullptr);
    const auto found = of->entries.find(id.offset);
    ASSERT_TRUE(found != of->entries.end() && found->second.data == *event.data);
  }

  void TellTransient() {
    Event event;
    event.topic = DrawTopic(DrawPartition());
    event.data = absl::StrCat("transient.", ++transients_);
    event.attributes = {{"room", absl::StrCat(Draw(1))}};
    event.transient = true;
    for (Node& node : nodes_) node.log->TellTransient(event);
  }

  // Somebody new, or somebody who was here before.
  void Come() {
    Client* client = nullptr;
    for (Client& one : clients_) {
      if (one.reader == nullptr && Draw(1) == 0) client = &one;
    }
    if (client == nullptr && clients_.size() < kClientsMax) client = &Newcomer();
    if (client != nullptr && client->reader == nullptr) Connect(*client);
  }

  Client& Newcomer() {
    Client& client = clients_.emplace_back();
    client.partition = DrawPartition();
    std::set<std::string> topics = {DrawTopic(client.partition)};
    if (Draw(1) == 0) topics.insert(DrawTopic(client.partition));
    if (Draw(2) == 0) topics.insert(DrawTopic(client.partition));
    client.spec.topics.assign(topics.begin(), topics.end());
    std::string room;
    if (Draw(2) == 0) {
      room = absl::StrCat(Draw(1));
      client.spec.filter =
          std::make_shared<const EventFilter>(EventFilter{.attributes = {{"room", room}}});
    }
    client.judge = std::make_unique<ClientJudge>(ledger_, std::move(topics), room);
    if (Draw(1) == 0) client.spec.start = {StreamStart::Kind::kEarliest};
    if (Draw(2) == 0) client.judge->Claims(DrawClaim(client.partition));
    return client;
  }

  // Ids of clients that were here before the simulation began, and of some that make them up.
  std::string DrawClaim(Partition partition) {
    const Epoch epoch = leader_.epoch(partition);
    const auto end = static_cast<uint32_t>(leader_.end(partition));
    switch (Draw(9)) {
      case 0:
        return "made up";
      case 1:
        return FormatEventId({0xbad, Draw(end), false});
      case 2:
      case 3:
        return FormatEventId({epoch, end + 1 + Draw(20), false});
      default:
        return FormatEventId({epoch, Draw(end), false});
    }
  }

  void Connect(Client& client) {
    client.node = Draw(kNodes - 1);
    client.shard = Draw(kShards - 1);
    client.opened = false;
    client.checked = 0;
    client.spec.last_event_id = client.judge->last_event_id();
    client.judge->Connects(client.spec.start.kind == StreamStart::Kind::kEarliest
                               ? ClientJudge::Start::kEarliest
                               : ClientJudge::Start::kLatest);
    client.reader =
        std::make_unique<Reader>(nodes_[client.node].hub->shard(client.shard), client.spec);
    client.reader->TakeAtMost(1 + Draw(20), Draw(3));
    if (Draw(3) == 0) client.reader->PauseAfterTaking();
  }

  void Leave() {
    if (clients_.empty()) return;
    Client& client = clients_[Draw(static_cast<uint32_t>(clients_.size() - 1))];
    if (Draw(4) == 0) {
      clients_.erase(clients_.begin() + (&client - clients_.data()));
    } else {
      client.reader.reset();
    }
  }

  void Stall() {
    if (clients_.empty()) return;
    Client& client = clients_[Draw(static_cast<uint32_t>(clients_.size() - 1))];
    if (client.reader == nullptr) return;
    Draw(1) == 0 ? client.reader->Stop() : client.reader->Resume();
  }

  // As Heartbeats does it, once for a shard.
  void HearHeartbeats() {
    const uint32_t node = Draw(kNodes - 1);
    const uint32_t at = Draw(kShards - 1);
    const Partition partition = DrawPartition();
    const EventId position = nodes_[node].hub->shard(at).RefreshPosition(partition);
    if (position.epoch == 0) return;
    for (Client& client : clients_) {
      if (client.reader == nullptr || client.node != node || client.shard != at) continue;
      const Subscription& subscription = client.reader->subscription();
      if (subscription.partition() != partition) continue;
      if (subscription.state() != Subscription::State::kCaughtUp) continue;
      if (!subscription.IsUpTo(position)) continue;
      Check(client);
      if (testing::Test::HasFailure()) return;
      ASSERT_EQ(client.judge->HearsHeartbeat(FormatEventId(position)), "");
    }
  }

  // Until nothing is left to do; one handler, so that everything may happen in between.
  static void Run(Shard& shard) {
    shard.context().restart();
    shard.context().poll();
  }
  static void RunOneHandler(Shard& shard) {
    shard.context().restart();
    shard.context().poll_one();
  }

  void ChangeTail() {
    FaultyLog& log = *DrawNode().log;
    const Partition partition = DrawPartition();
    switch (Draw(5)) {
      case 0:
      case 1:
        return log.Interrupt(partition);
      case 2:
        return log.Continue(partition);
      case 3:
        return log.ContinueElsewhere(partition);
      case 4:
        if (starts_unknown_) log.Forget(partition);
        return;
      default:
        return log.SetHealth(Draw(1) == 0 ? absl::OkStatus() : absl::UnavailableError("away"));
    }
  }

  void DropHistory() {
    const Partition partition = DrawPartition();
    const Offset through = chance_.Between(0, leader_.end(partition));
    const std::string topic = DrawTopic(partition);
    const LogLeader::Drops drops =
        Draw(1) == 0 ? leader_.DropTopic(topic, through) : leader_.DropAll(partition, through);
    for (const auto& [of, dropped] : drops) ledger_.Dropped(leader_.epoch(partition), of, dropped);
  }

  void Disaster() {
    switch (Draw(5)) {
      case 0:
        if (is_made_anew_) MakeAnew(DrawPartition());
        return;
      case 1:
        return Restart(Draw(kNodes - 1));
      case 2:
        if (crashes_) return Crash();
        [[fallthrough]];
      default:
        return ChangeFaults();
    }
  }

  void ChangeFaults() {
    faults_ = {};
    if (Draw(2) == 0) faults_.reads_fail = Draw(30);
    if (Draw(1) == 0) faults_.reads_wait = Draw(100);
    if (Draw(1) == 0) faults_.reads_are_old = Draw(100);
    if (Draw(1) == 0) faults_.appends_fail = Draw(50);
    if (Draw(1) == 0) faults_.answers_fail = Draw(50);
    for (Node& node : nodes_) node.log->SetFaults(faults_);
  }

  void MakeAnew(Partition partition) {
    leader_.MakeAnew(partition);
    ledger_.Made(partition, leader_.epoch(partition));
  }

  // The node's clients notice that it is gone.
  void GoDown(uint32_t index) {
    Node& node = nodes_[index];
    for (Client& client : clients_) {
      if (client.reader == nullptr || client.node != index) continue;
      Check(client);
      client.reader.reset();
    }
    node.log->FailReads();
    node.hub.reset();
  }

  void Restart(uint32_t index) {
    GoDown(index);
    Boot(nodes_[index]);
  }

  // Everything goes down at once, and the log has lost what it had not made sure of.
  void Crash() {
    for (uint32_t node = 0; node < kNodes; ++node) GoDown(node);
    for (Partition partition = 0; partition < leader_.partitions(); ++partition) {
      const Offset after = leader_.Crash(partition, Draw(10), 1 + Draw(20));
      ledger_.Lost(leader_.epoch(partition), after, leader_.end(partition));
    }
    for (Node& node : nodes_) Boot(node);
  }

  void Heal() {
    faults_ = {};
    for (Node& node : nodes_) {
      node.log->SetFaults(faults_);
      for (Partition partition = 0; partition < leader_.partitions(); ++partition) {
        Draw(1) == 0 ? node.log->Continue(partition) : node.log->ContinueElsewhere(partition);
        node.log->Reach(partition);
      }
    }
    for (Publisher& publisher : publishers_) TryAll(publisher);
    for (Client& client : clients_) {
      if (client.reader != nullptr) client.reader->Resume();
    }
    for (int round = 0; round < 6; ++round) {
      for (Client& client : clients_) {
        if (client.reader == nullptr) Connect(client);
      }
      for (Node& node : nodes_) {
        for (Partition partition = 0; partition < leader_.partitions(); ++partition) {
          node.log->RunTail(partition);
        }
        node.log->AnswerReads();
        for (uint32_t index = 0; index < kShards; ++index) {
          Shard& shard = node.hub->shard(index);
          Run(shard);
          // (As the shard's tick does where somebody waits.)
          for (Partition partition = 0; partition < leader_.partitions(); ++partition) {
            shard.RefreshPosition(partition);
          }
        }
      }
      for (Client& client : clients_) {
        Check(client);
        if (testing::Test::HasFailure()) return;
      }
    }
  }

  // What the client got since the last time. One that could not be served leaves.
  void Check(Client& client) {
    if (client.reader == nullptr || testing::Test::HasFailure()) return;
    using State = Subscription::State;
    const Subscription& subscription = client.reader->subscription();
    const auto& received = client.reader->received();
    const bool failed = subscription.state() == State::kFailed;
    const bool has_start =
        subscription.state() != State::kOpening && (!failed || !received.empty());
    if (!client.opened && has_start) {
      client.opened = true;
      ASSERT_EQ(client.judge->Opens(subscription.start_id()), "");
    }
    for (; client.checked < received.size(); ++client.checked) {
      const Received& one = received[client.checked];
      const Arrival arrival{.topic = one.topic,
                            .id = one.frame.find("id: ") == std::string::npos ? "" : one.id(),
                            .data = one.data,
                            .gap = one.gap,
                            .transient = one.transient,
                            .resumed = one.resumed};
      ASSERT_EQ(client.judge->Gets(arrival), "")
          << (one.gap ? "a gap of " : "an event of ") << one.topic << ", id " << arrival.id
          << ", after " << client.judge->last_event_id() << ", on a connection that began with \""
          << client.spec.last_event_id << '"';
    }
    if (failed) client.reader.reset();
  }

  Chance chance_;
  FakeClock clock_;
  Ledger ledger_;
  LogLeader leader_;
  // What may happen in this world; in some of them, less.
  const bool crashes_;
  const bool is_made_anew_;
  const bool starts_unknown_;
  ShardOptions shards_;
  FaultyLog::Faults faults_;
  Node nodes_[kNodes];
  std::vector<Publisher> publishers_;
  std::vector<Client> clients_;
  uint64_t transients_ = 0;
};

TEST(FaultyLogSimulation, EveryClientGetsEverythingOnceAndInOrderOrATrueGap) {
  PlaySeeds(2000, [](uint32_t seed) { World(seed).Play(); });
}

}  // namespace
}  // namespace sluice

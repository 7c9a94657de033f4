// A seeded simulation of hub and log: publishers, subscribers that come, go,
// resume and stall, reads that take their time, inboxes that overflow and
// history that is let go, in an order drawn by chance. A judge that knows every
// event ever published checks each stream as it goes.
//
// How seeds are chosen and replayed: tests/fakes/simulation_seeds.h.
#include <algorithm>
#include <map>
#include <random>

#include "tests/fakes/simulation_seeds.h"
#include "tests/hub/hub_fixture.h"

namespace sluice {
namespace {

struct Published {
  std::string topic;
  std::string room;
  bool end = false;
};

// What a stream must still get, and whether what it gets is that.
class Judge {
 public:
  Judge(const std::map<Offset, Published>& published, const SubscriptionSpec& spec, Offset start)
      : published_(published), room_(spec.filter ? spec.filter->attributes[0].second : "") {
    for (const std::string& topic : spec.topics) after_[topic] = start;
  }

  // Empty: right. Otherwise what is wrong.
  std::string Check(const Received& one, Offset dropped_through) {
    if (one.transient) return "";
    if (one.offset < newest_ || (one.offset == newest_ && !one.gap)) return "ids do not rise";
    newest_ = one.offset;
    Offset& after = after_.at(one.topic);
    if (one.gap) {
      if (one.offset > dropped_through) return "a gap where nothing was dropped";
      after = std::max(after, one.offset);
      return "";
    }
    if (const Offset missed = FirstWanted(one.topic, after, one.offset - 1); missed != 0) {
      return "missed " + std::to_string(missed);
    }
    if (one.offset <= after) return "repeated " + std::to_string(one.offset);
    const Published& event = published_.at(one.offset);
    if (!Wanted(event)) return "not asked for";
    if (ended_[one.topic]) return "came after the end";
    after = one.offset;
    if (event.end) ended_[one.topic] = true;
    return "";
  }

  // After everything has run: nothing may be owed.
  std::string Owed(Offset head) const {
    for (const auto& [topic, after] : after_) {
      if (ended_.contains(topic) && ended_.at(topic)) continue;
      if (const Offset missed = FirstWanted(topic, after, head); missed != 0) {
        return "never got " + std::to_string(missed) + " of " + topic;
      }
    }
    return "";
  }

 private:
  bool Wanted(const Published& event) const { return room_.empty() || event.room == room_; }
  Offset FirstWanted(const std::string& topic, Offset after, Offset through) const {
    for (auto it = published_.upper_bound(after); it != published_.end() && it->first <= through;
         ++it) {
      if (it->second.topic == topic && Wanted(it->second)) return it->first;
    }
    return 0;
  }

  const std::map<Offset, Published>& published_;
  const std::string room_;
  std::map<std::string, Offset> after_;
  std::map<std::string, bool> ended_;
  Offset newest_ = 0;
};

struct Stream {
  std::unique_ptr<Reader> reader;
  std::unique_ptr<Judge> judge;
  SubscriptionSpec spec;
  size_t shard = 0;
  size_t checked = 0;
};

class Simulation : public HubFixture {
 public:
  void TestBody() override {}
  void Play(uint32_t seed) {
    random_.seed(seed);
    Make({.events_per_topic = Draw(1) ? 1000u : Draw(5) + 2u},
         {.window_bytes = 600u + Draw(4000),
          .windows_bytes = 2000u + Draw(20'000),
          .inbox_events = 4u + Draw(60),
          .replays = 1u + Draw(3)},
         kShards);
    for (int step = 0; step < 400 && !HasFailure(); ++step) Step();
    Settle();
    for (Stream& stream : streams_) {
      Check(stream);
      EXPECT_EQ(stream.judge->Owed(log_->head(0)), "");
    }
    streams_.clear();
  }

 private:
  static constexpr size_t kShards = 2;

  uint32_t Draw(uint32_t max) { return static_cast<uint32_t>(random_() % (max + 1)); }
  std::string Topic() { return "t/" + std::to_string(Draw(3)); }

  void Step() {
    switch (Draw(11)) {
      case 0:
      case 1:
      case 2:
        return PublishSome();
      case 3:
        return Open();
      case 4:
        return Leave();
      case 5:
        return Stall();
      case 6:
      case 7:
        return Run(Draw(kShards - 1));
      case 8:
        Draw(2) == 0 ? log_->HoldReads() : log_->ReleaseReads(1 + Draw(2));
        return;
      case 9:
        log_->ReleaseReads();
        return;
      case 10:
        Draw(1) == 0 ? log_->HoldAnswers() : log_->ReleaseAnswers();
        return;
      default:
        PassOne();
        return;
    }
  }

  // One handler of a shard, no more: everything may happen in between.
  void PassOne() {
    Shard& one = shard(Draw(kShards - 1));
    one.context().restart();
    one.context().poll_one();
  }

  void PublishSome() {
    for (uint32_t n = Draw(20); n > 0; --n) {
      Event event =
          With(MakeEvent(Topic(), std::string(Draw(100), 'x')), "room", std::to_string(Draw(1)));
      event.transient = Draw(9) == 0;
      event.end_of_stream = !event.transient && Draw(99) == 0;
      const Published published{event.topic, event.attributes[0].second, event.end_of_stream};
      const bool transient = event.transient;
      const Offset offset = Publish(std::move(event));
      if (!transient) published_[offset] = published;
    }
  }

  void Open() {
    Stream stream;
    stream.shard = Draw(kShards - 1);
    for (uint32_t t = 0; t <= 3; ++t) {
      if (Draw(2) == 0) stream.spec.topics.push_back("t/" + std::to_string(t));
    }
    if (stream.spec.topics.empty()) stream.spec.topics.push_back(Topic());
    if (Draw(2) == 0) {
      stream.spec.filter = std::make_shared<const EventFilter>(
          EventFilter{.attributes = {{"room", std::to_string(Draw(1))}}});
    }
    const Offset start = Draw(static_cast<uint32_t>(log_->head(0)));
    stream.spec.last_event_id = Id(start);
    Begin(stream, start);
  }

  void Begin(Stream& stream, Offset start) {
    stream.judge = std::make_unique<Judge>(published_, stream.spec, start);
    stream.reader = std::make_unique<Reader>(shard(stream.shard), stream.spec);
    stream.reader->TakeAtMost(1 + Draw(20), Draw(3));
    if (Draw(3) == 0) stream.reader->PauseAfterTaking();
    streams_.push_back(std::move(stream));
  }

  // Half of those who leave come back, elsewhere, with their last id.
  void Leave() {
    if (streams_.empty()) return;
    const size_t index = Draw(static_cast<uint32_t>(streams_.size() - 1));
    Stream gone = std::move(streams_[index]);
    streams_.erase(streams_.begin() + static_cast<ptrdiff_t>(index));
    Check(gone);
    std::string id = gone.reader->subscription().start_id();
    bool last = false;
    for (const Received& one : gone.reader->received()) {
      if (!one.transient) id = one.id();
      last |= one.last;
    }
    gone.reader.reset();
    if (Draw(1) == 0 || last || id.empty()) return;
    Stream back;
    back.shard = Draw(kShards - 1);
    back.spec = gone.spec;
    back.spec.last_event_id = id;
    Begin(back, ParseEventId(id)->offset);
  }

  void Stall() {
    if (streams_.empty()) return;
    Reader& reader = *streams_[Draw(static_cast<uint32_t>(streams_.size() - 1))].reader;
    if (Draw(1) == 0) {
      reader.Stop();
    } else {
      reader.Resume();
    }
  }

  void Settle() {
    log_->ReleaseReads();
    log_->ReleaseAnswers();
    for (Stream& stream : streams_) stream.reader->Resume();
    for (int round = 0; round < 3; ++round) {
      for (size_t s = 0; s < kShards; ++s) Run(s);
    }
  }

  void Check(Stream& stream) {
    const auto& received = stream.reader->received();
    for (; stream.checked < received.size(); ++stream.checked) {
      const Received& one = received[stream.checked];
      const ReadResult read =
          sluice::Read(*memory_, {.topic = one.topic, .start = Earliest{}, .events_max = 1})
              .value();
      ASSERT_EQ(stream.judge->Check(one, read.dropped_through), "")
          << one.topic << " at " << one.offset;
    }
  }

  std::minstd_rand random_;
  std::map<Offset, Published> published_;
  std::vector<Stream> streams_;
};

TEST(SeededSimulation, EveryStreamIsCompleteInOrderAndWithoutRepeats) {
  PlaySeeds(300, [](uint32_t seed) { Simulation().Play(seed); });
}

}  // namespace
}  // namespace sluice

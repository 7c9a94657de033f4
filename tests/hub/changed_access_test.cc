// A subscription whose filter and view become others while it runs: nothing is lost,
// nothing comes twice, and nothing comes that is not allowed any more.
#include <array>
#include <random>

#include "tests/hub/hub_fixture.h"

namespace sluice {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

EventFilterPtr Only(std::string type) {
  return std::make_shared<const EventFilter>(EventFilter{{}, {std::move(type)}});
}

class ChangedAccess : public HubFixture {
 protected:
  Offset Note(const std::string& data, std::string topic = "a/1") {
    return Publish(MakeEvent(std::move(topic), data, "note"));
  }
  Offset Secret(const std::string& data, std::string topic = "a/1") {
    return Publish(MakeEvent(std::move(topic), data, "secret"));
  }
};

TEST_F(ChangedAccess, HoldsForWhatFollows) {
  Make();
  const auto reader = Latest({"a/1"});
  Run();
  Note("1");
  Secret("2");
  Run();
  reader->subscription().Change(Only("note"), nullptr);
  Note("3");
  Secret("4");
  Run();
  reader->subscription().Change(nullptr, nullptr);
  Note("5");
  Secret("6");
  Run();
  EXPECT_THAT(reader->data(), ElementsAre("1", "2", "3", "5", "6"));
}

TEST_F(ChangedAccess, HoldsForWhatWaitedForASlowReader) {
  Make();
  const auto reader = Latest({"a/1"});
  Run();
  reader->Stop();
  Secret("1");
  Note("2");
  Secret("3");
  Run();
  reader->subscription().Change(Only("note"), nullptr);
  reader->Resume();
  Run();
  EXPECT_THAT(reader->data(), ElementsAre("2"));
}

TEST_F(ChangedAccess, WhatWasPeekedAndNotTakenIsJudgedAnew) {
  Make();
  const auto reader = Latest({"a/1"});
  Run();
  reader->Stop();
  Note("1");
  Secret("2");
  Note("3");
  Run();
  Subscription& subscription = reader->subscription();
  std::array<Item, 8> items;
  ASSERT_EQ(subscription.Peek(items, 1 << 20), 3u);
  subscription.Advance(1);
  ASSERT_EQ(subscription.Peek(items, 1 << 20), 2u);
  subscription.Change(Only("note"), nullptr);
  ASSERT_EQ(subscription.Peek(items, 1 << 20), 1u);
  EXPECT_EQ(items[0].event->data(), "3");
  subscription.Advance(1);
  EXPECT_EQ(subscription.Peek(items, 1 << 20), 0u);
  EXPECT_EQ(subscription.state(), Subscription::State::kCaughtUp);
}

TEST_F(ChangedAccess, HoldsForAReplayThatIsUnderWay) {
  Make();
  for (const char* data : {"1", "2", "3"}) {
    Note(data);
    Secret("secret");
  }
  log_->HoldAnswers();
  const auto reader = ResumeAt({"a/1"}, Id(0));
  Run();
  reader->subscription().Change(Only("note"), nullptr);
  log_->ReleaseAnswers();
  Run();
  Secret("secret");
  Note("4");
  Run();
  EXPECT_THAT(reader->data(), ElementsAre("1", "2", "3", "4"));
}

TEST_F(ChangedAccess, HoldsForEveryTopicOfAStream) {
  Make();
  const auto reader = Latest({"a/1", "b/2"});
  Run();
  reader->Stop();
  Secret("1", "a/1");
  Note("2", "b/2");
  Secret("3", "b/2");
  Note("4", "a/1");
  Run();
  reader->subscription().Change(Only("note"), nullptr);
  reader->Resume();
  Run();
  EXPECT_THAT(reader->data(), ElementsAre("2", "4"));
}

TEST_F(ChangedAccess, FramesAreThoseOfTheNewView) {
  Make();
  const auto masked = std::make_shared<const FrameView>(
      FrameView{.masks = FieldMasks::Make({{"note", {"id"}}}).value()});
  const auto reader = Latest({"a/1"});
  Run();
  reader->Stop();
  Note(R"({"id":1,"name":"ada"})");
  Run();
  reader->subscription().Change(nullptr, masked);
  reader->Resume();
  Note(R"({"id":2,"name":"bob"})");
  Run();
  ASSERT_EQ(reader->received().size(), 2u);
  for (const Received& one : reader->received()) EXPECT_THAT(one.frame, Not(HasSubstr("name")));
}

TEST_F(ChangedAccess, AnEndThatMayNotBeSeenEndsNothing) {
  Make();
  const auto reader = Latest({"a/1"});
  Run();
  reader->Stop();
  Publish(Ending(MakeEvent("a/1", "bye", "secret")));
  Run();
  reader->subscription().Change(Only("note"), nullptr);
  reader->Resume();
  Run();
  EXPECT_THAT(reader->received(), IsEmpty());
  Note("1");
  Run();
  EXPECT_THAT(reader->data(), ElementsAre("1"));
}

// Whatever the order of publishing, changing, reading and falling behind: notes are
// allowed at all times, so each comes once and in order; a secret only while it may.
TEST_F(ChangedAccess, LosesAndRepeatsNothingInAnyOrder) {
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    std::mt19937_64 random(seed);
    hub_ = nullptr;  // before its log
    // A window of a few events: the reader falls out of it and reads the log again.
    Make(MemoryEventLogOptions{}, {.window_bytes = 400});
    const auto reader = Latest({"a/1", "b/2"});
    Run();
    bool narrowed = false;
    std::vector<std::string> notes;
    size_t read_at_change = 0;
    for (int step = 0; step < 200; ++step) {
      switch (random() % 8) {
        case 0:
          narrowed = !narrowed;
          reader->subscription().Change(narrowed ? Only("note") : nullptr, nullptr);
          read_at_change = reader->received().size();
          break;
        case 1:
          reader->Stop();
          break;
        case 2:
          reader->Resume();
          break;
        case 3:
          Run();
          break;
        case 4:
        case 5:
          Secret("secret", random() % 2 == 0 ? "a/1" : "b/2");
          break;
        default:
          notes.push_back(std::to_string(step));
          Note(notes.back(), random() % 2 == 0 ? "a/1" : "b/2");
      }
      for (size_t i = read_at_change; narrowed && i < reader->received().size(); ++i) {
        ASSERT_NE(reader->received()[i].data, "secret") << "seed " << seed;
      }
    }
    reader->Resume();
    Run();
    std::vector<std::string> got;
    Offset last = 0;
    for (const Received& one : reader->received()) {
      ASSERT_GT(one.offset, last) << "seed " << seed;
      last = one.offset;
      if (one.data != "secret") got.push_back(one.data);
    }
    ASSERT_EQ(got, notes) << "seed " << seed;
  }
}

}  // namespace
}  // namespace sluice

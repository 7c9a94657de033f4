// The judge of the simulations is itself tried: with what is right, and with a planted fault
// of every kind.
#include "tests/hub/delivery_judge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

namespace sluice {
namespace {

using testing::HasSubstr;

constexpr Epoch kOld = 1;
constexpr Epoch kNew = 2;

class DeliveryJudge : public testing::Test {
 protected:
  DeliveryJudge() {
    ledger_.Made(0, kOld);
    for (Offset offset = 1; offset <= 9; ++offset) Store(offset);
  }

  static std::string Id(Offset offset, Epoch epoch = kOld) {
    return FormatEventId({epoch, offset, false});
  }
  // Odd offsets are of "a", even ones of "b"; every third one's room is "r".
  static std::string TopicOf(Offset offset) { return offset % 2 == 1 ? "a" : "b"; }
  void Store(Offset offset, Epoch epoch = kOld) {
    ledger_.Stored({epoch, offset, false},
                   {TopicOf(offset), absl::StrCat(offset), offset % 3 == 0 ? "r" : ""});
  }

  // A client of these topics that has everything up to `after`.
  ClientJudge At(Offset after, std::set<std::string> topics = {"a", "b"}, std::string room = "") {
    ClientJudge judge(ledger_, std::move(topics), std::move(room));
    judge.Connects(ClientJudge::Start::kLatest);
    EXPECT_EQ(judge.Opens(Id(after)), "");
    return judge;
  }
  static std::string Get(ClientJudge& judge, Offset offset, Epoch epoch = kOld) {
    return judge.Gets(
        {.topic = TopicOf(offset), .id = Id(offset, epoch), .data = absl::StrCat(offset)});
  }
  static std::string GetGap(ClientJudge& judge, const std::string& topic, Offset resumed,
                            Epoch epoch = kOld) {
    const std::string id = Id(resumed, epoch);
    return judge.Gets({.topic = topic, .id = id, .data = "", .gap = true, .resumed = id});
  }
  static void ComeBack(ClientJudge& judge) {
    const std::string id = judge.last_event_id();
    judge.Connects(ClientJudge::Start::kLatest);
    EXPECT_EQ(judge.Opens(id), "");
  }
  ClientJudge Claiming(std::string id) {
    ClientJudge judge(ledger_, {"a", "b"}, "");
    judge.Claims(std::move(id));
    ComeBack(judge);
    return judge;
  }

  Ledger ledger_;
};

TEST_F(DeliveryJudge, IsContentWithEverythingOnceAndInOrder) {
  ClientJudge judge = At(3);
  for (Offset offset = 4; offset <= 6; ++offset) EXPECT_EQ(Get(judge, offset), "");
  ComeBack(judge);
  for (Offset offset = 7; offset <= 9; ++offset) EXPECT_EQ(Get(judge, offset), "");
  EXPECT_EQ(judge.HearsHeartbeat(Id(9)), "");
  EXPECT_EQ(judge.Owed(kOld), "");
}

TEST_F(DeliveryJudge, IsContentWithWhatWasAskedFor) {
  ClientJudge room = At(0, {"a", "b"}, "r");
  for (Offset offset = 3; offset <= 9; offset += 3) EXPECT_EQ(Get(room, offset), "");
  EXPECT_EQ(room.Owed(kOld), "");
  EXPECT_EQ(Get(room, 8), "the ids do not rise: " + Id(8) + " after " + Id(9));
  ClientJudge other = At(0, {"a", "b"}, "r");
  EXPECT_EQ(Get(other, 2), "was not asked for");
  ClientJudge one = At(0, {"a"});
  EXPECT_EQ(Get(one, 1), "");
  EXPECT_EQ(Get(one, 2), "of a topic that was not asked for");
}

TEST_F(DeliveryJudge, CatchesALoss) {
  ClientJudge judge = At(3);
  EXPECT_EQ(Get(judge, 4), "");
  EXPECT_EQ(Get(judge, 6), "");
  EXPECT_EQ(Get(judge, 7), "missed " + Id(5));
}

TEST_F(DeliveryJudge, CatchesALossBetweenConnections) {
  ClientJudge judge = At(3);
  EXPECT_EQ(Get(judge, 4), "");
  ComeBack(judge);
  EXPECT_EQ(Get(judge, 6), "");
  EXPECT_EQ(judge.Owed(kOld), "never got " + Id(5) + " of a");
}

TEST_F(DeliveryJudge, CatchesASilentEnd) {
  ClientJudge judge = At(7);
  EXPECT_EQ(Get(judge, 8), "");
  EXPECT_EQ(judge.Owed(kOld), "never got " + Id(9) + " of a");
  ClientJudge unopened(ledger_, {"a"}, "");
  unopened.Connects(ClientJudge::Start::kLatest);
  EXPECT_EQ(unopened.Owed(kOld), "never opened");
}

TEST_F(DeliveryJudge, CatchesARepeat) {
  ClientJudge judge = At(3);
  EXPECT_EQ(Get(judge, 4), "");
  EXPECT_THAT(Get(judge, 4), HasSubstr("do not rise"));
  ComeBack(judge);
  EXPECT_THAT(Get(judge, 4), HasSubstr("do not rise"));
}

TEST_F(DeliveryJudge, CatchesAReordering) {
  ClientJudge judge = At(3);
  EXPECT_EQ(Get(judge, 5), "");
  EXPECT_THAT(Get(judge, 4), HasSubstr("do not rise"));
}

TEST_F(DeliveryJudge, CatchesWhatWasNeverStored) {
  ClientJudge judge = At(3);
  EXPECT_EQ(Get(judge, 12), "was never stored so");
  EXPECT_EQ(judge.Gets({.topic = "b", .id = Id(4), .data = "5"}), "was never stored so");
  EXPECT_EQ(judge.Gets({.topic = "a", .id = Id(4), .data = "4"}), "was never stored so");
  EXPECT_EQ(judge.Gets({.topic = "b", .id = "nonsense", .data = "4"}),
            "the id is none of the log's");
}

TEST_F(DeliveryJudge, CatchesAFalseGap) {
  ClientJudge judge = At(3);
  EXPECT_THAT(GetGap(judge, "a", 4), HasSubstr("nothing was dropped"));
  EXPECT_THAT(GetGap(judge, "a", 5), HasSubstr("still there"));
  ledger_.Dropped(kOld, "a", 3);
  EXPECT_THAT(GetGap(judge, "a", 3), HasSubstr("nothing was dropped"));
  ledger_.Dropped(kOld, "a", 5);
  EXPECT_THAT(GetGap(judge, "b", 5), HasSubstr("still there"));
  EXPECT_THAT(GetGap(judge, "a", 7), HasSubstr("still there"));
  EXPECT_THAT(GetGap(judge, "a", 12), HasSubstr("past the end"));
}

TEST_F(DeliveryJudge, AcceptsATrueGap) {
  ledger_.Dropped(kOld, "a", 5);
  ClientJudge judge = At(3);
  EXPECT_EQ(Get(judge, 4), "");
  EXPECT_EQ(GetGap(judge, "a", 5), "");
  for (Offset offset = 6; offset <= 9; ++offset) EXPECT_EQ(Get(judge, offset), "");
  EXPECT_EQ(judge.Owed(kOld), "");
}

TEST_F(DeliveryJudge, CatchesASilentHole) {
  ledger_.Dropped(kOld, "a", 5);
  ClientJudge judge = At(3);
  EXPECT_EQ(Get(judge, 4), "");
  EXPECT_EQ(Get(judge, 6), "");
  EXPECT_EQ(Get(judge, 7), "missed " + Id(5));
}

TEST_F(DeliveryJudge, CatchesASilentNewEpoch) {
  ClientJudge judge = At(9);
  ledger_.Made(0, kNew);
  EXPECT_EQ(judge.Owed(kNew), "never heard of the new epoch of a");
  Store(1, kNew);
  ClientJudge silent = judge;
  EXPECT_EQ(Get(silent, 1, kNew), "another epoch without a gap");
  EXPECT_EQ(GetGap(judge, "a", 0, kNew), "");
  EXPECT_EQ(Get(judge, 1, kNew), "");
  EXPECT_EQ(judge.Owed(kNew), "never heard of the new epoch of b");
  EXPECT_EQ(GetGap(judge, "b", 1, kNew), "");
  EXPECT_EQ(judge.Owed(kNew), "");
}

TEST_F(DeliveryJudge, CatchesALeapInTheNewEpoch) {
  ClientJudge judge = At(9);
  ledger_.Made(0, kNew);
  Store(1, kNew);
  EXPECT_THAT(GetGap(judge, "a", 1, kNew), HasSubstr("still there"));
}

TEST_F(DeliveryJudge, CatchesAWayBackToAnEarlierEpoch) {
  ledger_.Made(0, kNew);
  ClientJudge judge = At(8);
  EXPECT_EQ(GetGap(judge, "b", 0, kNew), "");
  EXPECT_EQ(Get(judge, 9), "went back to an earlier epoch");
}

TEST_F(DeliveryJudge, WantsAGapForAnIdPastTheEnd) {
  ClientJudge judge = Claiming(Id(20));
  EXPECT_EQ(judge.Owed(kOld), "never got the gap of a");
  EXPECT_EQ(Get(judge, 9), "a gap was due");
  EXPECT_EQ(GetGap(judge, "a", 9), "");
  EXPECT_EQ(GetGap(judge, "b", 9), "");
  EXPECT_EQ(judge.Owed(kOld), "");
  Store(10);
  EXPECT_EQ(Get(judge, 10), "");
}

TEST_F(DeliveryJudge, AcceptsAnIdThatTheEndHasCaughtUpWith) {
  ClientJudge judge = Claiming(Id(10));
  Store(10);
  Store(11);
  EXPECT_EQ(Get(judge, 11), "");
  EXPECT_EQ(judge.Owed(kOld), "");
}

TEST_F(DeliveryJudge, WantsAGapForAnIdThatIsNone) {
  for (const std::string& id : {std::string("made up"), Id(3, 77)}) {
    ClientJudge judge = Claiming(id);
    EXPECT_EQ(Get(judge, 1), "a gap was due");
    EXPECT_EQ(GetGap(judge, "a", 0), "");
    EXPECT_EQ(Get(judge, 1), "");
  }
}

TEST_F(DeliveryJudge, WantsAGapForAnIdThatWasLost) {
  ClientJudge judge = At(7);
  EXPECT_EQ(Get(judge, 8), "");
  ClientJudge before = At(7);
  ledger_.Lost(kOld, 7, 20);
  ComeBack(judge);
  EXPECT_EQ(judge.Owed(kOld), "never got the gap of a");
  EXPECT_EQ(GetGap(judge, "a", 20), "");
  EXPECT_EQ(GetGap(judge, "b", 20), "");
  EXPECT_EQ(judge.Owed(kOld), "");
  ComeBack(before);  // of what was lost, it had nothing
  EXPECT_EQ(before.Owed(kOld), "");
}

TEST_F(DeliveryJudge, CatchesAStartThatIsWrong) {
  ClientJudge late(ledger_, {"a"}, "");
  late.Connects(ClientJudge::Start::kLatest);
  EXPECT_THAT(late.Opens(Id(10)), HasSubstr("past the end"));
  ClientJudge nowhere(ledger_, {"a"}, "");
  nowhere.Connects(ClientJudge::Start::kLatest);
  EXPECT_THAT(nowhere.Opens(""), HasSubstr("is no position"));
  ClientJudge earliest(ledger_, {"a"}, "");
  earliest.Connects(ClientJudge::Start::kEarliest);
  EXPECT_EQ(earliest.Opens(Id(2)), "");
  EXPECT_EQ(Get(earliest, 3), "missed " + Id(1));
}

TEST_F(DeliveryJudge, AcceptsTheEarliestThatWasThere) {
  ledger_.Dropped(kOld, "a", 3);
  ClientJudge judge(ledger_, {"a"}, "");
  judge.Connects(ClientJudge::Start::kEarliest);
  EXPECT_EQ(judge.Opens(Id(1)), "");
  EXPECT_EQ(Get(judge, 5), "") << "the third was let go while it connected";
}

TEST_F(DeliveryJudge, CatchesAHeartbeatThatHasPassedSomething) {
  ClientJudge judge = At(3);
  EXPECT_EQ(judge.HearsHeartbeat(Id(3)), "");
  EXPECT_EQ(judge.HearsHeartbeat(Id(4)), "a heartbeat has passed " + Id(4) + " of b");
  EXPECT_THAT(judge.HearsHeartbeat(Id(2)), HasSubstr("do not rise"));
  EXPECT_THAT(judge.HearsHeartbeat(Id(12)), HasSubstr("past the end"));
  ledger_.Made(0, kNew);
  EXPECT_THAT(judge.HearsHeartbeat(Id(0, kNew)), HasSubstr("of another epoch"));
}

TEST_F(DeliveryJudge, CatchesARepeatedTransientEvent) {
  ClientJudge judge = At(3);
  const Arrival transient{.topic = "a", .id = "", .data = "now", .transient = true};
  EXPECT_EQ(judge.Gets(transient), "");
  EXPECT_EQ(judge.Gets(transient), "a transient event was repeated");
  EXPECT_EQ(judge.Gets({.topic = "a", .id = Id(4), .data = "then", .transient = true}),
            "a transient event has an id");
}

}  // namespace
}  // namespace sluice

#include "bridge/fleet/revocation_journal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "absl/strings/str_cat.h"
#include "bridge/fleet/fleet_message.h"
#include "bridge/fleet/proto_time.h"

namespace sluice {
namespace {

using Told = RevocationJournal::Told;

constexpr absl::Duration kKeptFor = absl::Minutes(6);

class Journals : public testing::Test {
 protected:
  static fleet::v1::Revocation Of(const std::string& subject) {
    fleet::v1::Revocation revocation;
    revocation.set_subject(subject);
    return revocation;
  }
  // What `from` has and `to` does not is given to it; the subjects of those that are new.
  std::vector<std::string> Give(RevocationJournal& from, RevocationJournal& to,
                                size_t bytes = 1 << 20) {
    std::vector<std::string> taken;
    if (!to.Misses(from.Known(now_))) return taken;
    const fleet::v1::Kept kept = from.MissedBy(to.Known(now_), bytes, now_);
    for (const fleet::v1::Revocation& revocation : kept.revocations()) {
      if (to.Add(revocation, now_) == Told::kNew) taken.push_back(revocation.subject());
    }
    lost_ = to.Lost(kept.known(), now_);
    return taken;
  }

  absl::Time now_ = absl::UnixEpoch() + absl::Hours(1000);
  bool lost_ = false;
  RevocationJournal a_{"a", kKeptFor, now_};
  RevocationJournal b_{"b", kKeptFor, now_};
  RevocationJournal c_{"c", kKeptFor, now_};
};

TEST_F(Journals, GiveWhatWasMissedOnce) {
  a_.AddOwn(Of("ada"), now_);
  a_.AddOwn(Of("bob"), now_);
  EXPECT_THAT(Give(a_, b_), testing::ElementsAre("ada", "bob"));
  EXPECT_FALSE(lost_);
  EXPECT_FALSE(b_.Misses(a_.Known(now_)));
  EXPECT_THAT(Give(a_, b_), testing::IsEmpty());
}

TEST_F(Journals, GiveWhatOthersHaveTakenBack) {
  a_.AddOwn(Of("ada"), now_);
  Give(a_, b_);
  EXPECT_THAT(Give(b_, c_), testing::ElementsAre("ada")) << "a may be gone";
  EXPECT_FALSE(a_.Misses(c_.Known(now_))) << "a knows its own";
}

TEST_F(Journals, FillAHole) {
  a_.AddOwn(Of("ada"), now_);
  const fleet::v1::Revocation second = a_.AddOwn(Of("bob"), now_);
  EXPECT_EQ(b_.Add(second, now_), Told::kNew);
  EXPECT_EQ(b_.Add(second, now_), Told::kKnown);
  EXPECT_TRUE(b_.Misses(a_.Known(now_)));
  EXPECT_THAT(Give(a_, b_), testing::ElementsAre("ada"));
  EXPECT_FALSE(b_.Misses(a_.Known(now_)));
}

TEST_F(Journals, GiveInPieces) {
  for (int i = 0; i < 10; ++i) a_.AddOwn(Of("ada" + std::to_string(i)), now_);
  size_t pieces = 0;
  std::vector<std::string> all;
  while (b_.Misses(a_.Known(now_))) {
    for (const std::string& one : Give(a_, b_, 100)) all.push_back(one);
    ASSERT_LT(++pieces, 20u);
    EXPECT_FALSE(lost_);
  }
  EXPECT_EQ(all.size(), 10u);
  EXPECT_GT(pieces, 2u);
}

TEST_F(Journals, KnowWhatWasTakenBackBeforeTheyBegan) {
  a_.AddOwn(Of("ada"), now_);
  now_ += absl::Minutes(1);
  a_.AddOwn(Of("bob"), now_);
  now_ += absl::Seconds(5);
  RevocationJournal late("d", kKeptFor, now_);
  EXPECT_THAT(Give(a_, late), testing::ElementsAre("bob")) << "it may have asked before that";
  EXPECT_THAT(Give(late, b_), testing::ElementsAre("ada", "bob")) << "and hands all of it on";
}

TEST_F(Journals, SayWhatIsNotKeptAnyMore) {
  a_.AddOwn(Of("ada"), now_);
  now_ += kKeptFor + absl::Seconds(1);
  EXPECT_FALSE(a_.Expire(now_));
  EXPECT_EQ(a_.size(), 0u);
  EXPECT_THAT(Give(a_, b_), testing::IsEmpty());
  EXPECT_TRUE(lost_) << "it was taken back while b was there";
  EXPECT_FALSE(b_.Misses(a_.Known(now_))) << "once";
  RevocationJournal late("d", kKeptFor, now_);
  Give(a_, late);
  EXPECT_FALSE(lost_) << "it was not there";
}

TEST_F(Journals, SayWhenAHoleWasNeverFilled) {
  a_.AddOwn(Of("ada"), now_);
  b_.Add(a_.AddOwn(Of("bob"), now_), now_);
  EXPECT_FALSE(b_.Expire(now_ + kKeptFor));
  EXPECT_TRUE(b_.Expire(now_ + kKeptFor + absl::Seconds(1)));
  EXPECT_FALSE(b_.Expire(now_ + kKeptFor + absl::Seconds(1))) << "once";
}

TEST_F(Journals, KeepNoMoreThanTheirBounds) {
  for (size_t i = 0; i < RevocationJournal::kKeptMax + 5; ++i) a_.AddOwn(Of("x"), now_);
  EXPECT_EQ(a_.size(), RevocationJournal::kKeptMax);
  Give(a_, b_, 64 << 20);
  EXPECT_TRUE(lost_);
  RevocationJournal heavy("h", kKeptFor, now_);
  for (int i = 0; i < 10; ++i) heavy.AddOwn(Of(std::string(1 << 20, 'x')), now_);
  EXPECT_LT(heavy.size(), 5u);
}

TEST_F(Journals, KnowNoMoreOriginsThanTheirBound) {
  for (size_t i = 0; i < 2 * RevocationJournal::kOriginsMax; ++i) {
    fleet::v1::Revocation revocation = Of("x");
    revocation.set_origin("o" + std::to_string(i));
    revocation.set_number(1);
    a_.Add(revocation, now_);
  }
  EXPECT_LE(a_.Known(now_).size(), static_cast<int>(RevocationJournal::kOriginsMax));
  // Those of which nothing is kept make room.
  now_ += kKeptFor + absl::Seconds(1);
  a_.Expire(now_);
  b_.AddOwn(Of("ada"), now_);
  const fleet::v1::Kept kept = b_.MissedBy(a_.Known(now_), 1 << 20, now_);
  ASSERT_EQ(kept.revocations_size(), 1);
  EXPECT_EQ(a_.Add(kept.revocations(0), now_), Told::kNew);
}

std::string Id(size_t i) { return absl::StrCat(absl::Hex(i, absl::kZeroPad16), "01234567"); }

TEST_F(Journals, SayNoMoreThanIsReadWhenTheyAddTheirOwn) {
  RevocationJournal full(Id(9999), kKeptFor, now_);
  for (size_t i = 0; i < RevocationJournal::kOriginsMax; ++i) {
    fleet::v1::Revocation revocation = Of("x");
    revocation.set_origin(Id(i));
    revocation.set_number(1);
    full.Add(revocation, now_);
  }
  full.AddOwn(Of("ada"), now_);
  fleet::v1::Message message;
  message.set_version(kFleetVersion);
  message.mutable_from()->set_id(Id(9999));
  *message.mutable_presence()->mutable_known() = full.Known(now_);
  EXPECT_TRUE(ReadFleetMessage(message.SerializeAsString()).ok());
}

TEST_F(Journals, LetGoOfOriginsThatNobodyMisses) {
  for (size_t i = 0; i < 2 * RevocationJournal::kOriginsMax; ++i) {
    fleet::v1::Revocation revocation = Of("x");
    revocation.set_origin(Id(i));
    revocation.set_number(1);
    a_.Add(revocation, now_);
  }
  a_.AddOwn(Of("ada"), now_);
  now_ += 2 * kKeptFor + absl::Seconds(1);
  a_.Expire(now_);
  EXPECT_FALSE(b_.Misses(a_.Known(now_))) << "they are not learned anew";
  EXPECT_FALSE(b_.Lost(a_.Known(now_), now_));
  now_ += kKeptFor;
  a_.Expire(now_);
  EXPECT_EQ(a_.Known(now_).size(), 1) << "its own";
}

TEST_F(Journals, MakeRoomForWhatIsKeptOfAnUnknownOrigin) {
  for (size_t i = 0; i < RevocationJournal::kOriginsMax; ++i) {
    fleet::v1::Revocation revocation = Of("x");
    revocation.set_origin(Id(i));
    revocation.set_number(1);
    b_.Add(revocation, now_);
  }
  a_.AddOwn(Of("ada"), now_);
  EXPECT_FALSE(b_.Misses(a_.Known(now_))) << "there is no room";
  fleet::v1::Revocation told = a_.AddOwn(Of("bob"), now_);
  EXPECT_EQ(b_.Add(told, now_), Told::kNoRoom) << "it is applied all the same";
  now_ += kKeptFor + absl::Seconds(1);
  b_.Expire(now_);
  a_.AddOwn(Of("eve"), now_);
  EXPECT_THAT(Give(a_, b_), testing::Contains("eve"));
}

TEST_F(Journals, DoNotTakeForKnownWhatSomebodySaysTheyOughtToKnow) {
  a_.AddOwn(Of("ada"), now_);
  Give(a_, b_);
  RevocationJournal::KnownList forged;
  forged.Add()->set_origin("a");
  forged.Mutable(0)->set_through(std::numeric_limits<uint64_t>::max());
  forged.Mutable(0)->set_forgotten_through(std::numeric_limits<uint64_t>::max());
  b_.Lost(forged, now_);
  EXPECT_EQ(b_.Add(a_.AddOwn(Of("bob"), now_), now_), Told::kPassed);
  EXPECT_THAT(Give(a_, b_), testing::IsEmpty());
  // Once it was heard of a itself, b asks for what it was not told.
  b_.Believe("a", a_.Known(now_));
  EXPECT_THAT(Give(a_, b_), testing::ElementsAre("bob"));
  EXPECT_FALSE(lost_);
  EXPECT_FALSE(b_.Misses(a_.Known(now_)));
}

TEST_F(Journals, SayOnlyAgesThatAreRead) {
  fleet::v1::Revocation ancient = Of("x");
  ancient.set_origin(Id(1));
  ancient.set_number(1);
  ancient.mutable_age()->set_seconds(315'576'000'000);
  a_.Add(ancient, now_);
  a_.Expire(now_);
  now_ += absl::Seconds(2);
  fleet::v1::Message message;
  message.set_version(kFleetVersion);
  message.mutable_from()->set_id(Id(2));
  *message.mutable_presence()->mutable_known() = a_.Known(now_);
  const auto read = ReadFleetMessage(message.SerializeAsString());
  EXPECT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(a_.Known(now_).size(), 1);
}

TEST_F(Journals, NeverHaveForgottenLessThanTheySaid) {
  b_.Add(a_.AddOwn(Of("ada"), now_), now_);
  RevocationJournal::KnownList list;
  list.Add()->set_origin("a");
  list.Mutable(0)->set_through(7);
  list.Mutable(0)->set_forgotten_through(7);
  b_.Lost(list, now_);
  b_.Expire(now_ + kKeptFor + absl::Seconds(1));
  ASSERT_EQ(b_.Known(now_).size(), 1);
  EXPECT_EQ(b_.Known(now_).Get(0).forgotten_through(), 7u);
}

TEST_F(Journals, BelieveNobodyAboutTheirOwn) {
  fleet::v1::Revocation forged = Of("ada");
  forged.set_origin("a");
  forged.set_number(7);
  EXPECT_EQ(a_.Add(forged, now_), Told::kKnown);
  RevocationJournal::KnownList list;
  list.Add()->set_origin("a");
  list.Mutable(0)->set_through(9);
  EXPECT_FALSE(a_.Misses(list));
}

}  // namespace
}  // namespace sluice

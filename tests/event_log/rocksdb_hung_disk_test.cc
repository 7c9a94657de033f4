// A disk that neither takes writes nor refuses them: nobody waits for it for ever.
#include "bridge/event_log/stoppable.h"
#include "tests/event_log/rocksdb_fixture.h"

namespace sluice {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class RocksdbHungDisk : public RocksdbFixture {
 protected:
  RocksdbHungDisk() {
    options_.write_deadline = absl::Milliseconds(50);
    options_.stop_timeout = absl::Milliseconds(50);
  }
  // Threads that were left behind use the files, and the clock.
  void AwaitWhatWasLeftBehind() {
    Release();
    log_.reset();
    EXPECT_TRUE(Await([&] { return log_ != nullptr || TryToOpen().ok(); }));
  }
};

TEST_F(RocksdbHungDisk, RefusesPublishesAndLetsTheRestGoOn) {
  Open();
  AppendOne(*log_, MakeEvent("a/1", "before"));
  log_->Follow("a/1", 0);
  files_->HoldSyncs();
  const auto under_way = Append(*log_, {MakeEvent("a/1", "under way")});
  EXPECT_EQ(under_way.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(under_way.status().message()),
              HasSubstr("disk does not answer: a write has taken more than 50ms"));
  EXPECT_THAT(std::string(log_->Health().message()), HasSubstr("does not answer"));
  EXPECT_FALSE(Append(*log_, {MakeEvent("a/1", "refused")}).ok());
  EXPECT_TRUE(Append(*log_, {Transient(MakeEvent("a/1", "now"))}).ok());
  EXPECT_EQ(tail_.Await(0, 1).front()->data(), "now");
  EXPECT_THAT(DataAfter("a/1"), ElementsAre("before"));

  files_->ReleaseSyncs();
  EXPECT_TRUE(Await([&] { return log_->Health().ok(); }));
  EXPECT_TRUE(Append(*log_, {MakeEvent("a/1", "after")}).ok());
  EXPECT_THAT(DataAfter("a/1"), ElementsAre("before", "under way", "after"));
  EXPECT_EQ(tail_.told(0).size(), 3u);
}

TEST_F(RocksdbHungDisk, DoesNotHoldUpTheEnd) {
  Open();
  files_->HoldSyncs();
  std::atomic<int> refused = 0;
  const auto publish = [&] {
    log_->Append({"", {MakeEvent("a/1", "x")}}, [&](const auto& r) { refused += !r.ok(); });
  };
  publish();
  files_->AwaitHeldSync();
  publish();
  dynamic_cast<Stoppable&>(*log_).Stop();
  EXPECT_EQ(refused, 2) << "everybody is answered";
  AwaitWhatWasLeftBehind();
}

TEST_F(RocksdbHungDisk, ReadsDoNotHoldUpTheEnd) {
  Open();
  AppendOne(*log_, MakeEvent("a/1", "1"));
  Open();  // now it is in tables
  files_->HoldReads();
  std::atomic<int> refused = 0;
  log_->Read({.topic = "a/1", .start = Earliest{}}, [&](const auto& r) { refused += !r.ok(); });
  files_->AwaitHeldRead();
  dynamic_cast<Stoppable&>(*log_).Stop();
  EXPECT_EQ(refused, 1);
  log_.reset();  // does not wait for it either
  AwaitWhatWasLeftBehind();
  EXPECT_EQ(refused, 1) << "once";
}

}  // namespace
}  // namespace sluice

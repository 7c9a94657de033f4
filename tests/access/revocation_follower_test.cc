// What an authorizer takes back, over a real call.
#include "bridge/access/revocation_follower.h"

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "sluice/v1/authorizer.grpc.pb.h"

namespace sluice {
namespace {

using testing::ElementsAre;
using testing::UnorderedElementsAre;

// A list that one thread fills and another waits on.
class Heard {
 public:
  void Add(std::string what) {
    const std::lock_guard lock(mutex_);
    all_.push_back(std::move(what));
    changed_.notify_all();
  }
  std::vector<std::string> WaitFor(size_t count) {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(
        changed_.wait_for(lock, std::chrono::seconds(30), [&] { return all_.size() >= count; }));
    return all_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> all_;
};

// What one call of WatchRevocations sends, and how it ends then. OK: not before its caller
// leaves.
struct Call {
  std::vector<std::string> messages;
  grpc::Status status;
};

using Calls = std::deque<Call>;

class WatchServer final : public v1::Authorizer::Service {
 public:
  explicit WatchServer(Calls calls) : calls_(std::move(calls)) {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
  }
  ~WatchServer() override { server_->Shutdown(absl::ToChronoTime(absl::Now())); }

  std::string address() const { return absl::StrCat("127.0.0.1:", port_); }
  Heard watched;

  grpc::Status WatchRevocations(grpc::ServerContext* context, const v1::WatchRevocationsRequest*,
                                grpc::ServerWriter<v1::WatchRevocationsResponse>* writer) override {
    Call call;
    {
      const std::lock_guard lock(mutex_);
      if (!calls_.empty()) {
        call = std::move(calls_.front());
        calls_.pop_front();
      }
    }
    watched.Add("call");
    for (const std::string& text : call.messages) {
      v1::WatchRevocationsResponse message;
      if (text != "life") message.mutable_revocation()->set_subject(text);
      if (text.starts_with("*")) message.mutable_revocation()->set_topic_pattern(text);
      writer->Write(message);
    }
    while (call.status.ok() && !context->IsCancelled()) absl::SleepFor(absl::Milliseconds(5));
    return call.status;
  }

 private:
  std::mutex mutex_;
  std::deque<Call> calls_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

class RevocationFollowerTest : public testing::Test {
 protected:
  // Nothing counts as taken before it has said something.
  RevocationFollowerTest() {
    options_.pause_min = absl::Milliseconds(10);
    options_.pause_max = absl::Milliseconds(40);
    options_.pause_unimplemented = absl::Milliseconds(20);
    options_.taken_after = absl::Hours(1);
    options_.pause_missed = absl::ZeroDuration();
  }
  std::unique_ptr<RevocationFollower> Follow(const std::string& address) {
    options_.address = address;
    return std::make_unique<RevocationFollower>(
        options_,
        RevocationFollower::Told{
            .listening = [this] { listening_.Add("listening"); },
            .revoked = [this](const Revocation& revocation) { heard_.Add(revocation.subject); },
            .missed = [this] { heard_.Add("missed"); }});
  }

  RevocationFollowerOptions options_;
  Heard heard_;
  Heard listening_;
};

TEST_F(RevocationFollowerTest, TellsWhatIsTakenBack) {
  WatchServer server(Calls{{{"ada", "bob"}, {}}});
  const auto follower = Follow(server.address());
  EXPECT_THAT(heard_.WaitFor(3), ElementsAre("missed", "ada", "bob"));
}

TEST_F(RevocationFollowerTest, DoesNotTakeASignOfLifeForARevocationOfAll) {
  WatchServer server(Calls{{{"life", "ada"}, {}}});
  const auto follower = Follow(server.address());
  EXPECT_THAT(heard_.WaitFor(2), ElementsAre("missed", "ada"));
}

// There may have been streams before the first call, too.
TEST_F(RevocationFollowerTest, SaysThatItMayHaveMissedSomethingOnceItsFirstCallIsTaken) {
  WatchServer server(Calls{{{}, grpc::Status(grpc::StatusCode::INTERNAL, "")}, {{"life"}, {}}});
  const auto follower = Follow(server.address());
  EXPECT_THAT(heard_.WaitFor(1), ElementsAre("missed"));
  EXPECT_EQ(listening_.WaitFor(2).size(), 2u);
}

TEST_F(RevocationFollowerTest, TakesACallThatStandsWithoutAWordForTaken) {
  options_.taken_after = absl::Milliseconds(20);
  WatchServer server(Calls{});
  const auto follower = Follow(server.address());
  EXPECT_THAT(heard_.WaitFor(1), ElementsAre("missed"));
}

TEST_F(RevocationFollowerTest, SaysThatItMayHaveMissedSomethingOnceItFollowsAgain) {
  WatchServer server(Calls{{{"ada"}, grpc::Status(grpc::StatusCode::UNAVAILABLE, "")},
                           {{}, grpc::Status(grpc::StatusCode::INTERNAL, "")},
                           {{"bob"}, {}}});
  const auto follower = Follow(server.address());
  EXPECT_THAT(heard_.WaitFor(4), ElementsAre("missed", "ada", "missed", "bob"))
      << "a call that only fails tells nothing";
  EXPECT_EQ(listening_.WaitFor(3).size(), 3u);
}

TEST_F(RevocationFollowerTest, SaysThatItMayHaveMissedSomethingOnceInAWhile) {
  options_.pause_missed = absl::Hours(1);
  const grpc::Status broken(grpc::StatusCode::UNAVAILABLE, "");
  WatchServer server(Calls{{{"ada"}, broken}, {{"bob"}, broken}, {{"cyd"}, broken}, {{"dan"}, {}}});
  const auto follower = Follow(server.address());
  EXPECT_THAT(heard_.WaitFor(6), ElementsAre("missed", "ada", "missed", "bob", "cyd", "dan"));
}

TEST_F(RevocationFollowerTest, SaysLaterWhatItDidNotSayAtOnce) {
  options_.pause_missed = absl::Milliseconds(200);
  const grpc::Status broken(grpc::StatusCode::UNAVAILABLE, "");
  WatchServer server(Calls{{{"ada"}, broken}, {{"bob"}, broken}, {{"cyd"}, {}}});
  const auto follower = Follow(server.address());
  EXPECT_THAT(heard_.WaitFor(6),
              UnorderedElementsAre("missed", "ada", "missed", "bob", "cyd", "missed"));
}

TEST_F(RevocationFollowerTest, SkipsWhatMakesNoSenseAndSaysThatItMissedIt) {
  options_.pause_missed = absl::Hours(1);
  WatchServer server(Calls{{{"life", "*/**/*", "line\nbreak", "ada"}, {}}});
  const auto follower = Follow(server.address());
  EXPECT_THAT(heard_.WaitFor(3), ElementsAre("missed", "missed", "ada")) << "said once in a while";
}

TEST_F(RevocationFollowerTest, MissesNothingWhereThereIsNothing) {
  const grpc::Status unimplemented(grpc::StatusCode::UNIMPLEMENTED, "");
  WatchServer server(
      Calls{{{}, unimplemented}, {{}, unimplemented}, {{}, unimplemented}, {{"ada"}, {}}});
  const auto follower = Follow(server.address());
  EXPECT_THAT(heard_.WaitFor(2), ElementsAre("missed", "ada")) << "once there is something";
}

TEST_F(RevocationFollowerTest, EndsAtOnceInEveryState) {
  const absl::Time began = absl::Now();
  Follow("127.0.0.1:1").reset();  // nobody is there
  {
    WatchServer server(Calls{});
    const auto open = Follow(server.address());
    server.watched.WaitFor(1);
  }
  {
    WatchServer server(Calls{{{}, grpc::Status(grpc::StatusCode::UNIMPLEMENTED, "")}});
    RevocationFollower pausing({.address = server.address()}, {[] {}, [](Revocation) {}, [] {}});
    server.watched.WaitFor(1);
  }
  EXPECT_LT(absl::Now() - began, absl::Seconds(20));
}

}  // namespace
}  // namespace sluice

#include "bridge/relay/streaming_call.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <iostream>
#include <mutex>
#include <optional>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/relay/test_backend.h"

namespace sluice {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

// Keeps what it is told, and notices when it is told two things at once.
class Recorder final : public StreamingCall::Listener {
 public:
  explicit Recorder(std::atomic<int>* alive = nullptr) : alive_(alive) {
    if (alive_ != nullptr) ++*alive_;
  }
  ~Recorder() override {
    if (alive_ != nullptr) --*alive_;
  }
  // Reads, and again from inside each response.
  void ReadAllOf(std::shared_ptr<StreamingCall> call) {
    {
      const std::lock_guard lock(mutex_);
      all_of_ = call;
    }
    call->Read();
  }

  void OnStarted() override {
    Told([this] { started_ = true; });
  }
  void OnResponse(std::string bytes) override {
    Told([&] {
      responses_.push_back(std::move(bytes));
      if (all_of_ != nullptr) all_of_->Read();
    });
  }
  void OnEnd(absl::Status status) override {
    Told([&] {
      EXPECT_FALSE(end_) << "OnEnd came twice";
      end_ = std::move(status);
      all_of_.reset();
    });
  }

  bool AwaitStarted() {
    return Await([this] { return started_; });
  }
  std::vector<std::string> AwaitResponses(size_t count) {
    Await([&] { return responses_.size() >= count; });
    return responses();
  }
  absl::Status AwaitEnd() {
    return Await([this] { return end_.has_value(); }) ? *end_ : absl::UnknownError("no end");
  }
  std::vector<std::string> responses() {
    const std::lock_guard lock(mutex_);
    return responses_;
  }
  bool started() {
    const std::lock_guard lock(mutex_);
    return started_;
  }

 private:
  template <typename Note>
  void Told(Note note) {
    EXPECT_FALSE(telling_.exchange(true)) << "told two things at once";
    {
      const std::lock_guard lock(mutex_);
      EXPECT_FALSE(end_) << "told something after OnEnd";
      note();
    }
    telling_ = false;
    changed_.notify_all();
  }
  template <typename Condition>
  bool Await(Condition condition) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(30), condition);
  }

  std::atomic<int>* const alive_;
  std::atomic<bool> telling_{false};
  std::mutex mutex_;
  std::condition_variable changed_;
  bool started_ = false;
  std::vector<std::string> responses_;
  std::optional<absl::Status> end_;
  std::shared_ptr<StreamingCall> all_of_;
};

class StreamingCallTest : public testing::Test {
 protected:
  std::shared_ptr<StreamingCall> Start(const std::shared_ptr<Recorder>& recorder,
                                       CallRequest request = {}) {
    if (request.method.empty()) request.method = "acme.v1.Thing/Watch";
    return StreamingCall::Start(gate_, backend_, request, recorder);
  }

  TestBackend server_;
  Backend backend_{BackendOptions{.name = "thing", .address = server_.address()}};
  StreamingCall::Gate gate_;
  std::shared_ptr<Recorder> recorder_ = std::make_shared<Recorder>();
};

TEST_F(StreamingCallTest, SendsMethodMessageMetadataAndDeadline) {
  CallRequest request;
  request.method = "acme.v1.Thing/Watch";
  request.message = std::string("\x08\x01\x00", 3);
  request.metadata = {{"x-tenant", "acme"}, {"x-tenant", "zoo"}, {"trace-bin", "\x01\xff"}};
  request.deadline = absl::Seconds(100);
  const auto call = Start(recorder_, request);
  const auto seen = server_.AwaitCall();
  ASSERT_NE(seen, nullptr);
  EXPECT_EQ(seen->method(), "/acme.v1.Thing/Watch");
  EXPECT_EQ(seen->request(), request.message);
  const auto metadata = seen->metadata();
  EXPECT_THAT(metadata, testing::Contains(Pair("x-tenant", "acme")));
  EXPECT_THAT(metadata, testing::Contains(Pair("x-tenant", "zoo")));
  EXPECT_THAT(metadata, testing::Contains(Pair("trace-bin", "\x01\xff")));
  const absl::Duration left = absl::FromChrono(seen->deadline()) - absl::Now();
  EXPECT_GT(left, absl::Seconds(60));
  EXPECT_LE(left, absl::Seconds(101));
}

TEST_F(StreamingCallTest, TellsTheFirstWordBeforeAnyResponse) {
  const auto call = Start(recorder_);
  const auto seen = server_.AwaitCall();
  EXPECT_FALSE(recorder_->started());
  seen->SendMetadata();
  EXPECT_TRUE(recorder_->AwaitStarted());
  EXPECT_THAT(recorder_->responses(), testing::IsEmpty());
}

TEST_F(StreamingCallTest, ReadsOneResponseForEachRead) {
  const auto call = Start(recorder_);
  call->Read();
  const auto seen = server_.AwaitCall();
  seen->Write("one");
  seen->Write("two");
  seen->Finish(grpc::Status::OK);
  EXPECT_THAT(recorder_->AwaitResponses(1), ElementsAre("one"));
  call->Read();
  EXPECT_THAT(recorder_->AwaitResponses(2), ElementsAre("one", "two"));
  call->Read();
  EXPECT_TRUE(recorder_->AwaitEnd().ok());
}

TEST_F(StreamingCallTest, KeepsOrderWhenReadFromInsideOnResponse) {
  recorder_->ReadAllOf(Start(recorder_));
  const auto seen = server_.AwaitCall();
  std::vector<std::string> expected;
  for (int i = 0; i < 2000; ++i) {
    expected.push_back(absl::StrCat("response ", i));
    seen->Write(expected.back());
  }
  seen->Finish(grpc::Status::OK);
  EXPECT_TRUE(recorder_->AwaitEnd().ok());
  EXPECT_EQ(recorder_->responses(), expected);
}

TEST_F(StreamingCallTest, EndsWithTheBackendsCodeAndMessage) {
  const auto call = Start(recorder_);
  server_.AwaitCall()->Finish(grpc::Status(grpc::StatusCode::NOT_FOUND, "no such thing"));
  // A call that fails before its first word ends without being read.
  const absl::Status end = recorder_->AwaitEnd();
  EXPECT_EQ(end.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(end.message(), "no such thing");
  EXPECT_FALSE(recorder_->started());
}

TEST_F(StreamingCallTest, EndsWithAFailureAfterResponses) {
  const auto call = Start(recorder_);
  call->Read();
  const auto seen = server_.AwaitCall();
  seen->Write("one");
  seen->Finish(grpc::Status(grpc::StatusCode::INTERNAL, "broke"));
  recorder_->AwaitResponses(1);
  call->Read();
  EXPECT_EQ(recorder_->AwaitEnd(), absl::InternalError("broke"));
}

TEST_F(StreamingCallTest, FailsFastWhereNobodyListens) {
  std::string address;
  {
    const TestBackend gone;
    address = gone.address();
  }
  Backend backend{BackendOptions{.name = "gone", .address = address}};
  CallRequest request;
  request.method = "acme.v1.Thing/Watch";
  const auto call = StreamingCall::Start(gate_, backend, request, recorder_);
  EXPECT_EQ(recorder_->AwaitEnd().code(), absl::StatusCode::kUnavailable);
  gate_.Close();  // before the backend goes
}

TEST_F(StreamingCallTest, EndsAtItsDeadline) {
  CallRequest request;
  request.deadline = absl::Milliseconds(50);
  const auto call = Start(recorder_, request);
  call->Read();
  EXPECT_EQ(recorder_->AwaitEnd().code(), absl::StatusCode::kDeadlineExceeded);
}

TEST_F(StreamingCallTest, RefusesAResponseBeyondTheBound) {
  Backend small{
      BackendOptions{.name = "small", .address = server_.address(), .response_bytes_max = 1000}};
  CallRequest request;
  request.method = "acme.v1.Thing/Watch";
  const auto call = StreamingCall::Start(gate_, small, request, recorder_);
  call->Read();
  server_.AwaitCall()->Write(std::string(1001, 'x'));
  EXPECT_EQ(recorder_->AwaitEnd().code(), absl::StatusCode::kResourceExhausted);
  gate_.Close();
}

TEST_F(StreamingCallTest, RefusesMetadataThatGrpcWouldDieOf) {
  for (const auto& [key, value] :
       std::vector<std::pair<std::string, std::string>>{{"Upper", "x"},
                                                        {"", "x"},
                                                        {"a b", "x"},
                                                        {":path", "/"},
                                                        {"grpc-timeout", "1S"},
                                                        {"te", "x"},
                                                        {"ok", "line\nbreak"},
                                                        {"ok", "caf\xc3\xa9"}}) {
    CallRequest request;
    request.metadata = {{key, value}};
    const auto recorder = std::make_shared<Recorder>();
    const auto call = Start(recorder, request);
    EXPECT_EQ(recorder->AwaitEnd().code(), absl::StatusCode::kInvalidArgument) << key;
  }
}

TEST_F(StreamingCallTest, CancelEndsACallInEveryState) {
  // Before its first word.
  const auto waiting = Start(recorder_);
  const auto seen_waiting = server_.AwaitCall();
  waiting->Cancel();
  EXPECT_EQ(recorder_->AwaitEnd().code(), absl::StatusCode::kCancelled);
  EXPECT_TRUE(seen_waiting->AwaitCancelled());
  // While a read is open.
  const auto reader = std::make_shared<Recorder>();
  const auto reading = Start(reader);
  reading->Read();
  const auto seen_reading = server_.AwaitCall();
  seen_reading->SendMetadata();
  reader->AwaitStarted();
  reading->Cancel();
  reading->Cancel();
  EXPECT_EQ(reader->AwaitEnd().code(), absl::StatusCode::kCancelled);
  EXPECT_TRUE(seen_reading->AwaitCancelled());
  // While none is.
  const auto idler = std::make_shared<Recorder>();
  const auto idle = Start(idler);
  const auto seen_idle = server_.AwaitCall();
  seen_idle->SendMetadata();
  idler->AwaitStarted();
  idle->Cancel();
  EXPECT_EQ(idler->AwaitEnd().code(), absl::StatusCode::kCancelled);
  EXPECT_TRUE(seen_idle->AwaitCancelled());
  // When it is over.
  idle->Cancel();
  idle->Read();
}

TEST_F(StreamingCallTest, CloseEndsAllCallsAndLetsGoOfEverything) {
  std::atomic<int> alive{0};
  std::vector<std::shared_ptr<BackendCall>> seen;
  {
    std::vector<std::shared_ptr<StreamingCall>> calls;
    for (int i = 0; i < 50; ++i) {
      calls.push_back(Start(std::make_shared<Recorder>(&alive)));
      if (i % 2 == 0) calls.back()->Read();
    }
    for (int i = 0; i < 50; ++i) {
      seen.push_back(server_.AwaitCall());
      if (i % 3 == 0) seen.back()->Write("a word");
    }
    EXPECT_EQ(gate_.open(), 50u);
    gate_.Close();
    EXPECT_EQ(gate_.open(), 0u);
    EXPECT_EQ(alive, 0);
  }
  EXPECT_EQ(Start(std::make_shared<Recorder>(&alive)), nullptr);
  EXPECT_EQ(alive, 0);
}

TEST_F(StreamingCallTest, CancelAndReadFromManyThreadsEndEachCallOnce) {
  server_.OnCall([](BackendCall& call) {
    call.Write("word", 20);
    call.Finish(grpc::Status::OK);
  });
  for (int round = 0; round < 100; ++round) {
    const auto recorder = std::make_shared<Recorder>();
    const auto call = Start(recorder);
    call->Read();
    std::thread canceller([&] { call->Cancel(); });
    std::thread other([&] { call->Cancel(); });
    canceller.join();
    other.join();
    EXPECT_THAT(recorder->AwaitEnd().code(),
                testing::AnyOf(absl::StatusCode::kCancelled, absl::StatusCode::kOk));
    call->Read();
  }
}

TEST_F(StreamingCallTest, HoldsABackendBackThatNobodyReads) {
  constexpr size_t kMessageBytes = 16 * 1024;
  constexpr size_t kMessages = 64 * 1024 * 1024 / kMessageBytes;
  const auto call = Start(recorder_);
  const auto seen = server_.AwaitCall();
  seen->Write(std::string(kMessageBytes, 'x'), kMessages);
  ASSERT_TRUE(recorder_->AwaitStarted());
  // Another call on the same channel runs to its end meanwhile: what the first can
  // write is written by then.
  const auto other_recorder = std::make_shared<Recorder>();
  other_recorder->ReadAllOf(Start(other_recorder));
  const auto other_seen = server_.AwaitCall();
  other_seen->Write(std::string(kMessageBytes, 'y'), 256);
  other_seen->Finish(grpc::Status::OK);
  EXPECT_TRUE(other_recorder->AwaitEnd().ok());
  EXPECT_EQ(other_recorder->responses().size(), 256u);

  const size_t written = seen->written() * kMessageBytes;
  RecordProperty("bytes_written", static_cast<int>(written));
  std::cout << "a backend that nobody reads wrote " << written / 1024 << " KiB\n";
  EXPECT_LE(written, 512u * 1024);
  EXPECT_THAT(recorder_->responses(), testing::IsEmpty());
  // And it goes on with the reader.
  call->Read();
  EXPECT_EQ(recorder_->AwaitResponses(1).front().size(), kMessageBytes);
}

TEST(BackendsTest, AreFoundByName) {
  const Backends backends(
      {{.name = "a", .address = "127.0.0.1:1"}, {.name = "b", .address = "unix:/nowhere"}});
  ASSERT_NE(backends.Find("b"), nullptr);
  EXPECT_EQ(backends.Find("b")->options.address, "unix:/nowhere");
  EXPECT_EQ(backends.Find("c"), nullptr);
  EXPECT_EQ(backends.all().size(), 2u);
}

}  // namespace
}  // namespace sluice

#include <future>
#include <thread>

#include "tests/fakes/forwarding_log.h"
#include "tests/rpc/raw_call.h"
#include "tests/rpc/rpc_fixture.h"

namespace sluice {
namespace {

using grpc::StatusCode;

// Appends wait until they are let go.
class HeldLog final : public ForwardingLog {
 public:
  explicit HeldLog(std::unique_ptr<EventLog> log) : ForwardingLog(*log), owned_(std::move(log)) {}

  void Release() {
    std::vector<std::function<void()>> waiting;
    {
      const std::lock_guard lock(mutex_);
      held_ = false;
      waiting.swap(waiting_);
    }
    for (auto& append : waiting) append();
  }
  size_t waiting() {
    const std::lock_guard lock(mutex_);
    return waiting_.size();
  }

  // Of the request that came last.
  absl::Time deadline() {
    const std::lock_guard lock(mutex_);
    return deadline_;
  }

  void Append(AppendRequest request, AppendDone done) override {
    {
      const std::lock_guard lock(mutex_);
      deadline_ = request.deadline;
      if (held_) {
        waiting_.push_back([this, request = std::move(request), done = std::move(done)]() mutable {
          ForwardingLog::Append(std::move(request), std::move(done));
        });
        return;
      }
    }
    ForwardingLog::Append(std::move(request), std::move(done));
  }

 private:
  const std::unique_ptr<EventLog> owned_;
  std::mutex mutex_;
  bool held_ = true;
  absl::Time deadline_;
  std::vector<std::function<void()>> waiting_;
};

class PublishStreamTest : public RpcFixture {
 protected:
  using Stream = grpc::ClientReaderWriter<v1::PublishStreamRequest, v1::PublishStreamResponse>;

  std::unique_ptr<Stream> Open() {
    context_ = Call();
    return publisher_->PublishStream(context_.get());
  }
  HeldLog* StartHeld() {
    auto log = std::make_unique<HeldLog>(MakeMemoryEventLog({.epoch = 0xe}, clock_));
    HeldLog* held = log.get();
    Start(std::move(log));
    return held;
  }
  // Reads until there are `count` results.
  static std::vector<v1::PublishStreamResult> ReadResults(Stream& stream, size_t count,
                                                          size_t* responses = nullptr) {
    std::vector<v1::PublishStreamResult> results;
    v1::PublishStreamResponse response;
    while (results.size() < count && stream.Read(&response)) {
      if (responses != nullptr) ++*responses;
      EXPECT_LE(response.results_size(), 64);
      results.insert(results.end(), response.results().begin(), response.results().end());
    }
    EXPECT_EQ(results.size(), count);
    return results;
  }

  std::unique_ptr<grpc::ClientContext> context_;
};

TEST_F(PublishStreamTest, AnswersALoneRequestWithoutWaitingForMore) {
  Start();
  auto stream = Open();
  stream->Write(StreamText("a", "1"));
  EXPECT_EQ(ReadResults(*stream, 1)[0].results(0).id(), FormatEventId({0xe, 1, false}));
  stream->Write(StreamText("a", "2"));
  EXPECT_EQ(ReadResults(*stream, 1)[0].results(0).id(), FormatEventId({0xe, 2, false}));
  stream->WritesDone();
  EXPECT_TRUE(stream->Finish().ok());
}

TEST_F(PublishStreamTest, AnswersRunsOfRequestsInOrder) {
  Start();
  auto stream = Open();
  constexpr size_t kRequests = 5000;
  std::thread writer([&] {
    for (size_t i = 0; i < kRequests; ++i) stream->Write(StreamText("a", std::to_string(i)));
    stream->WritesDone();
  });
  size_t responses = 0;
  const auto results = ReadResults(*stream, kRequests, &responses);
  writer.join();
  for (size_t i = 0; i < results.size(); ++i) {
    ASSERT_EQ(results[i].results(0).id(), FormatEventId({0xe, i + 1, false}));
  }
  EXPECT_LT(responses, kRequests / 2);
  EXPECT_TRUE(stream->Finish().ok());
}

TEST_F(PublishStreamTest, AnswersEverythingBeforeItEnds) {
  Start();
  auto stream = Open();
  for (int i = 0; i < 10; ++i) stream->Write(StreamText("a", "x"));
  stream->WritesDone();
  ReadResults(*stream, 10);
  v1::PublishStreamResponse none;
  EXPECT_FALSE(stream->Read(&none));
  EXPECT_TRUE(stream->Finish().ok());
}

TEST_F(PublishStreamTest, TellsTheLogUntilWhenItsCallerWaits) {
  HeldLog* log = StartHeld();
  log->Release();
  context_ = Call();
  const absl::Time until = absl::Now() + absl::Minutes(7);
  context_->set_deadline(absl::ToChronoTime(until));
  auto stream = publisher_->PublishStream(context_.get());
  stream->Write(StreamText("a", "1"));
  ReadResults(*stream, 1);
  EXPECT_LT(absl::AbsDuration(log->deadline() - until), absl::Seconds(30));
  stream->WritesDone();
  EXPECT_TRUE(stream->Finish().ok());
}

TEST_F(PublishStreamTest, AnswersABadRequestWithItsStatusAndGoesOn) {
  Start();
  auto stream = Open();
  stream->Write(StreamText("a", "1"));
  stream->Write(StreamText("", "2"));
  stream->Write(v1::PublishStreamRequest());
  stream->Write(StreamText("a", "3"));
  const auto results = ReadResults(*stream, 4);
  EXPECT_EQ(results[0].status().code(), 0);
  EXPECT_EQ(results[1].status().code(), StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(results[1].status().message(), "events[0].topic: is empty");
  EXPECT_EQ(results[2].status().message(), "events: at least one is required");
  EXPECT_EQ(results[3].results(0).id(), FormatEventId({0xe, 2, false}));
  stream->WritesDone();
  EXPECT_TRUE(stream->Finish().ok());
}

TEST_F(PublishStreamTest, SkipsBrokenBytesAndTakesTheGoodOnesAfterThem) {
  Start();
  const auto context = Call();
  RawStream stream(channel_, context.get(), "/sluice.v1.Publisher/PublishStream");
  const grpc::ByteBuffer good = RawBytes(StreamText("a", "x").SerializeAsString());
  ASSERT_TRUE(stream.Write(good));
  ASSERT_TRUE(stream.Write(RawBytes("\xff\xff\xff")));
  ASSERT_TRUE(stream.Write(RawBytes("\x0a\x7f")));
  ASSERT_TRUE(stream.Write(good));
  ASSERT_TRUE(stream.WritesDone());
  std::vector<int> codes;
  for (grpc::ByteBuffer bytes; stream.Read(&bytes);) {
    const auto response = Parsed<v1::PublishStreamResponse>(&bytes);
    for (const auto& result : response.results()) {
      codes.push_back(result.status().code());
    }
  }
  EXPECT_THAT(codes, testing::ElementsAre(0, StatusCode::INVALID_ARGUMENT,
                                          StatusCode::INVALID_ARGUMENT, 0));
  EXPECT_TRUE(stream.Finish().ok());
  EXPECT_EQ(log_->head(0), 2u);
  EXPECT_EQ(metrics_.publishes_refused, 2u);
}

TEST_F(PublishStreamTest, AppendsOneRequestAtATime) {
  HeldLog* log = StartHeld();
  auto stream = Open();
  for (int i = 0; i < 10; ++i) stream->Write(StreamText("a", "x"));
  stream->WritesDone();
  WaitUntil([&] { return log->waiting() > 0; });
  EXPECT_EQ(log->waiting(), 1u);
  log->Release();
  const auto results = ReadResults(*stream, 10);
  EXPECT_EQ(results[9].results(0).id(), FormatEventId({0xe, 10, false}));
}

TEST_F(PublishStreamTest, StopsReadingWhileTooMuchIsUnanswered) {
  HeldLog* log = StartHeld();
  auto stream = Open();
  constexpr size_t kRequests = 300;  // 19 MiB: no socket holds as much
  std::promise<void> all_written;
  std::thread writer([&] {
    const auto request = StreamText("a", std::string(64 * 1024, 'x'));
    for (size_t i = 0; i < kRequests; ++i) stream->Write(request);
    all_written.set_value();
  });
  auto written = all_written.get_future();
  EXPECT_EQ(written.wait_for(std::chrono::milliseconds(300)), std::future_status::timeout);
  log->Release();
  ReadResults(*stream, kRequests);
  writer.join();
  stream->WritesDone();
  EXPECT_TRUE(stream->Finish().ok());
}

TEST_F(PublishStreamTest, StopsReadingWhileItsAnswersAreNotRead) {
  Start();
  grpc::ChannelArguments small_window;
  small_window.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);
  small_window.SetInt(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, 1 << 16);
  publisher_ = v1::Publisher::NewStub(NewChannel(small_window));
  auto stream = Open();
  constexpr size_t kRequests = 50'000;  // and far fewer answers fit into that
  std::thread writer([&] {
    const auto request = StreamText("a", "x");
    const grpc::WriteOptions hint = grpc::WriteOptions().set_buffer_hint();
    for (size_t i = 0; i + 1 < kRequests; ++i) stream->Write(request, hint);
    stream->Write(request);
  });
  uint64_t published = 0;
  WaitUntil([&] {
    const uint64_t before = std::exchange(published, metrics_.events_published.load());
    absl::SleepFor(absl::Milliseconds(200));  // nothing tells of what does not happen
    return published > 0 && published == before;
  });
  EXPECT_LT(published, kRequests / 2);
  ReadResults(*stream, kRequests);
  writer.join();
  stream->WritesDone();
  EXPECT_TRUE(stream->Finish().ok());
}

TEST_F(PublishStreamTest, SurvivesACallerThatVanishes) {
  HeldLog* log = StartHeld();
  auto stream = Open();
  stream->Write(StreamText("a", "x"));
  stream->Write(StreamText("a", "y"));
  WaitUntil([&] { return log->waiting() == 1; });
  context_->TryCancel();
  EXPECT_EQ(stream->Finish().error_code(), StatusCode::CANCELLED);
  log->Release();
  Stop();
  EXPECT_GE(log_->head(0), 1u);
}

TEST_F(PublishStreamTest, AnswersWhatItReadThenEndsWhenDraining) {
  HeldLog* log = StartHeld();
  auto stream = Open();
  stream->Write(StreamText("a", "x"));
  WaitUntil([&] { return log->waiting() == 1; });
  std::thread shutdown([&] { server_->Shutdown(absl::Now() + absl::Seconds(30)); });
  log->Release();
  ReadResults(*stream, 1);
  v1::PublishStreamResponse none;
  EXPECT_FALSE(stream->Read(&none));
  const grpc::Status status = stream->Finish();
  EXPECT_EQ(status.error_code(), StatusCode::UNAVAILABLE);
  EXPECT_EQ(status.error_message(), "draining");
  shutdown.join();
}

}  // namespace
}  // namespace sluice

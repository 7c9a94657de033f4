#include "bridge/relay/per_request_call.h"

#include <gmock/gmock.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <condition_variable>
#include <future>
#include <mutex>
#include <optional>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "bridge/base/metrics.h"
#include "bridge/event_log/memory/memory_event_log.h"
#include "bridge/hub/hub.h"
#include "bridge/relay/relay.h"
#include "bridge/schema/ingest.h"
#include "bridge/schema/json_transcoder.h"
#include "bridge/schema/schema_registry.h"
#include "sluice/v1/event_source.pb.h"
#include "tests/fakes/fake_clock.h"
#include "tests/relay/test_backend.h"
#include "tests/schema/test_schema.h"

namespace sluice {
namespace {

using testing::ElementsAre;

constexpr char kAsk[] = "acme.assistant.v1.Assistant/Ask";
constexpr char kWatch[] = "acme.assistant.v1.Assistant/Watch";
constexpr char kFollow[] = "acme.assistant.v1.Assistant/Follow";
constexpr char kLeave[] = "acme.assistant.v1.Assistant/Leave";

std::shared_ptr<SchemaRegistry> AssistantSchema() {
  auto schema = SchemaRegistry::Load({ASSISTANT_DESCRIPTOR_SET}, {});
  EXPECT_TRUE(schema.ok()) << schema.status();
  return *schema;
}

// Keeps what it is told; whether it asks for more by itself is up to the test.
class Client final : public CallRelay::Reader {
 public:
  explicit Client(std::thread::id* thread = nullptr) : thread_(thread) {}

  // The shard's thread.
  void Reads(CallRelay* relay) { all_of_ = relay; }
  void OnStarted() override {
    Told([this] { started_ = true; });
  }
  void OnEvent(Event event) override {
    Told([&] { events_.push_back(std::move(event)); });
    if (all_of_ != nullptr) all_of_->Next();
  }
  void OnEnd(const absl::Status& status) override {
    Told([&] {
      EXPECT_FALSE(end_) << "OnEnd came twice";
      end_ = status;
    });
  }

  // The test's thread.
  bool AwaitStarted() {
    return Await([this] { return started_; });
  }
  std::vector<Event> AwaitEvents(size_t count) {
    Await([&] { return events_.size() >= count; });
    return events();
  }
  absl::Status AwaitEnd() {
    return Await([this] { return end_.has_value(); }) ? *end_ : absl::UnknownError("no end");
  }
  std::vector<Event> events() {
    const std::lock_guard lock(mutex_);
    return events_;
  }
  std::vector<std::string> data() {
    std::vector<std::string> all;
    for (const Event& event : events()) all.push_back(event.data.value_or("(none)"));
    return all;
  }

 private:
  template <typename Note>
  void Told(Note note) {
    EXPECT_TRUE(thread_ == nullptr || *thread_ == std::this_thread::get_id());
    const std::lock_guard lock(mutex_);
    EXPECT_FALSE(end_) << "told something after OnEnd";
    note();
    changed_.notify_all();
  }
  template <typename Condition>
  bool Await(Condition condition) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(30), condition);
  }

  std::thread::id* const thread_;
  CallRelay* all_of_ = nullptr;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool started_ = false;
  std::vector<Event> events_;
  std::optional<absl::Status> end_;
};

class PerRequestCallTest : public testing::Test {
 protected:
  PerRequestCallTest() {
    log_->Start(&hub_);
    hub_.Start();
    OnShard([this] { shard_thread_ = std::this_thread::get_id(); });
  }
  ~PerRequestCallTest() override {
    OnShard([this] { relay_.reset(); });
    gate_.Close();
    hub_.Stop();
  }

  Shard& shard() { return hub_.shard(0); }
  template <typename Work>
  void OnShard(Work work) {
    std::promise<void> done;
    boost::asio::post(shard().context(), [&] {
      work();
      done.set_value();
    });
    done.get_future().wait();
  }

  // On the shard's thread.
  std::unique_ptr<CallRelay> Start(Client& client, std::string method) {
    CallRequest request;
    request.backend = "assistant";
    request.method = std::move(method);
    return StartPerRequestCall(context_, gate_, &backend_, shard(), request, client);
  }
  // What the backend sees of the call that `client_` reads.
  std::shared_ptr<BackendCall> Open(const std::string& method) {
    OnShard([&] { relay_ = Start(client_, method); });
    return server_.AwaitCall();
  }
  void Next() {
    OnShard([this] { relay_->Next(); });
  }
  void ReadAll() {
    OnShard([this] {
      client_.Reads(relay_.get());
      relay_->Next();
    });
  }

  std::string Word(const std::string& text) const {
    return MakeAny(*schema_, "acme.assistant.v1.Word", absl::StrCat("text: '", text, "'")).value();
  }

  FakeClock clock_;
  Metrics metrics_;
  std::shared_ptr<SchemaRegistry> schema_ = AssistantSchema();
  JsonTranscoder transcoder_{schema_};
  Ingest ingest_{transcoder_, clock_, 100};
  std::unique_ptr<EventLog> log_ = MakeMemoryEventLog({.epoch = 0xe}, clock_);
  Hub hub_{2, ShardOptions{}, *log_, clock_, metrics_};
  TestBackend server_;
  Backend backend_{BackendOptions{.name = "assistant", .address = server_.address()}};
  StreamingCall::Gate gate_;
  RelayContext context_{.hub = &hub_,
                        .log = log_.get(),
                        .schema = schema_.get(),
                        .transcoder = &transcoder_,
                        .ingest = &ingest_,
                        .clock = &clock_,
                        .metrics = &metrics_};
  std::thread::id shard_thread_;
  Client client_{&shard_thread_};
  std::unique_ptr<CallRelay> relay_;  // touched on the shard's thread
};

TEST_F(PerRequestCallTest, RelaysEachResponseAsAnEventOfItsType) {
  const auto seen = Open(kAsk);
  seen->SendMetadata();
  EXPECT_TRUE(client_.AwaitStarted());
  seen->Write(Word("hello"));
  seen->Finish(grpc::Status::OK);
  ReadAll();
  EXPECT_TRUE(client_.AwaitEnd().ok());
  ASSERT_EQ(client_.events().size(), 1u);
  const Event event = client_.events().front();
  EXPECT_EQ(event.type, "word");
  EXPECT_EQ(event.data, R"({"text":"hello","number":0})");
  EXPECT_EQ(event.topic, "");
  EXPECT_EQ(event.publisher_id, "");
  EXPECT_EQ(event.time, clock_.Now());
}

TEST_F(PerRequestCallTest, GivesOneEventForEachNext) {
  const auto seen = Open(kAsk);
  for (const char* text : {"a", "b", "c"}) seen->Write(Word(text));
  Next();
  client_.AwaitEvents(1);
  OnShard([] {});
  EXPECT_EQ(client_.events().size(), 1u);
  Next();
  EXPECT_EQ(client_.AwaitEvents(2).size(), 2u);
}

TEST_F(PerRequestCallTest, TellsTheBackendsFailure) {
  const auto seen = Open(kAsk);
  seen->Write(Word("a"));
  seen->Finish(grpc::Status(grpc::StatusCode::RESOURCE_EXHAUSTED, "too many questions"));
  ReadAll();
  EXPECT_EQ(client_.AwaitEnd(), absl::ResourceExhaustedError("too many questions"));
  EXPECT_EQ(client_.events().size(), 1u);
}

TEST_F(PerRequestCallTest, SkipsAndCountsWhatIsNoEvent) {
  const auto seen = Open(kAsk);
  seen->Write(Word("a"));
  seen->Write("\x0a\x05hi");  // says five bytes, has two
  seen->Write("\xff");
  seen->Write(Word("b"));
  seen->Finish(grpc::Status::OK);
  Next();
  EXPECT_EQ(client_.AwaitEvents(1).size(), 1u);
  // One Next is enough for the next event that is one.
  Next();
  EXPECT_EQ(client_.AwaitEvents(2).size(), 2u);
  EXPECT_EQ(metrics_.responses_skipped, 2u);
  Next();
  EXPECT_TRUE(client_.AwaitEnd().ok());
}

TEST_F(PerRequestCallTest, HonoursTheEnvelopeOfAnEvent) {
  const auto seen = Open(kFollow);
  v1::Event event;
  event.set_topic("not/looked/at");
  event.set_id("nor this");
  event.set_type("note");
  event.set_text("two\nlines");
  (*event.mutable_attributes())["kind"] = "draft";
  event.mutable_retry()->set_seconds(2);
  seen->Write(event.SerializeAsString());
  v1::Event bad;
  bad.set_type("no\npayload");
  seen->Write(bad.SerializeAsString());
  seen->Finish(grpc::Status::OK);
  ReadAll();
  EXPECT_TRUE(client_.AwaitEnd().ok());
  ASSERT_EQ(client_.events().size(), 1u);
  const Event seen_event = client_.events().front();
  EXPECT_EQ(seen_event.topic, "");
  EXPECT_EQ(seen_event.publisher_id, "");
  EXPECT_EQ(seen_event.type, "note");
  EXPECT_EQ(seen_event.data, "two\nlines");
  EXPECT_EQ(seen_event.retry_ms, 2000u);
  EXPECT_THAT(seen_event.attributes, ElementsAre(testing::Pair("kind", "draft")));
  EXPECT_EQ(metrics_.responses_skipped, 1u);
}

TEST_F(PerRequestCallTest, GivesTheEventsOfOneResponseOneByOne) {
  const auto seen = Open(kWatch);
  v1::WatchResponse response;
  response.add_events()->set_text("a");
  response.add_events();  // no payload
  response.add_events()->set_text("b");
  seen->Write(v1::WatchResponse().SerializeAsString());  // none at all
  seen->Write(response.SerializeAsString());
  seen->Finish(grpc::Status::OK);
  Next();
  client_.AwaitEvents(1);
  OnShard([] {});
  EXPECT_THAT(client_.data(), ElementsAre("a"));
  Next();
  client_.AwaitEvents(2);
  Next();
  EXPECT_TRUE(client_.AwaitEnd().ok());
  EXPECT_THAT(client_.data(), ElementsAre("a", "b"));
  EXPECT_EQ(metrics_.responses_skipped, 1u);
}

TEST_F(PerRequestCallTest, CancelsTheCallAfterAnEventThatEndsTheStream) {
  const auto seen = Open(kLeave);
  seen->Write("");
  seen->Write("");
  Next();
  ASSERT_EQ(client_.AwaitEvents(1).size(), 1u);
  EXPECT_TRUE(client_.events().front().end_of_stream);
  EXPECT_TRUE(seen->AwaitCancelled());
  gate_.Close();  // the call's own end has been told
  Next();
  EXPECT_TRUE(client_.AwaitEnd().ok());
  EXPECT_EQ(client_.events().size(), 1u);
}

TEST_F(PerRequestCallTest, CancelsAtOnceWhenItGoesAndTellsNothingMore) {
  const auto seen = Open(kAsk);
  seen->SendMetadata();
  ASSERT_TRUE(client_.AwaitStarted());
  OnShard([this] {
    relay_->Next();
    relay_.reset();
  });
  const absl::Time began = absl::Now();
  seen->Write(Word("late"));
  EXPECT_TRUE(seen->AwaitCancelled());
  EXPECT_LT(absl::Now() - began, absl::Seconds(1));
  gate_.Close();
  OnShard([] {});
  EXPECT_TRUE(client_.events().empty());
}

TEST_F(PerRequestCallTest, MayGoFromInsideAnEvent) {
  class Leaver final : public CallRelay::Reader {
   public:
    void OnStarted() override {}
    void OnEvent(Event) override {
      relay.reset();
      left.set_value();
    }
    void OnEnd(const absl::Status&) override { FAIL() << "told after it left"; }
    std::unique_ptr<CallRelay> relay;
    std::promise<void> left;
  };
  Leaver leaver;
  OnShard([&] {
    CallRequest request;
    request.method = kAsk;
    leaver.relay = StartPerRequestCall(context_, gate_, &backend_, shard(), request, leaver);
    leaver.relay->Next();
  });
  const auto seen = server_.AwaitCall();
  seen->Write(Word("a"));
  leaver.left.get_future().wait();
  EXPECT_TRUE(seen->AwaitCancelled());
  gate_.Close();
  OnShard([] {});
}

TEST_F(PerRequestCallTest, HandsOverToAnotherReader) {
  const auto seen = Open(kAsk);
  seen->SendMetadata();
  ASSERT_TRUE(client_.AwaitStarted());
  Client writer(&shard_thread_);
  OnShard([&] {
    relay_->SetReader(writer);
    relay_->Next();
  });
  seen->Write(Word("a"));
  EXPECT_EQ(writer.AwaitEvents(1).size(), 1u);
  EXPECT_TRUE(client_.events().empty());
  OnShard([this] { relay_.reset(); });
}

TEST_F(PerRequestCallTest, EndsWhenThereIsNothingToCall) {
  Client no_backend;
  Client no_method;
  Client closed;
  std::vector<std::unique_ptr<CallRelay>> relays;
  OnShard([&] {
    CallRequest request;
    request.backend = "nobody";
    request.method = kAsk;
    relays.push_back(StartPerRequestCall(context_, gate_, nullptr, shard(), request, no_backend));
    relays.push_back(Start(no_method, "acme.assistant.v1.Assistant/Nothing"));
  });
  EXPECT_EQ(no_backend.AwaitEnd().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(no_method.AwaitEnd().code(), absl::StatusCode::kNotFound);
  gate_.Close();
  OnShard([&] { relays.push_back(Start(closed, kAsk)); });
  EXPECT_EQ(closed.AwaitEnd().code(), absl::StatusCode::kUnavailable);
  OnShard([&] { relays.clear(); });
}

TEST_F(PerRequestCallTest, LooksUpATypeThatIsUnknown) {
  // The file that has it comes while the call runs.
  int asked = 0;
  schema_->SetFinder([&](std::string type, std::function<void()> done) {
    EXPECT_EQ(type, "acme.chat.v1.TokenAdded");
    ++asked;
    const auto files = std::make_shared<google::protobuf::FileDescriptorSet>();
    const auto chat = ChatSchema();
    for (const std::string& name : chat->current()->ConfiguredFileNames()) {
      chat->current()->pool().FindFileByName(name)->CopyTo(files->add_file());
    }
    EXPECT_TRUE(schema_->Offer("backend assistant", files).ok());
    done();
  });
  v1::Event event;
  *event.mutable_message() = MakeAny(*ChatSchema(), "acme.chat.v1.TokenAdded", "token: 'hi'");
  const auto follow = Open(kFollow);
  follow->Write(event.SerializeAsString());
  follow->Write(event.SerializeAsString());
  follow->Finish(grpc::Status::OK);
  ReadAll();
  EXPECT_TRUE(client_.AwaitEnd().ok());
  EXPECT_THAT(client_.data(), ElementsAre(R"({"token":"hi"})", R"({"token":"hi"})"));
  EXPECT_EQ(asked, 1);
  EXPECT_EQ(metrics_.responses_skipped, 0u);
}

TEST_F(PerRequestCallTest, RelaysHundredsAtOnceEachInOrderAndComplete) {
  constexpr int kCalls = 300;
  constexpr int kWords = 100;
  std::vector<std::string> words;
  std::vector<std::string> expected;
  for (int i = 0; i < kWords; ++i) {
    words.push_back(Word(absl::StrCat("word ", i)));
    expected.push_back(absl::StrCat(R"({"text":"word )", i, R"(","number":0})"));
  }
  server_.OnCall([&](BackendCall& call) {
    for (const std::string& word : words) call.Write(word);
    call.Finish(grpc::Status::OK);
  });
  std::vector<std::unique_ptr<Client>> clients;
  std::vector<std::unique_ptr<CallRelay>> relays;
  for (int i = 0; i < kCalls; ++i) clients.push_back(std::make_unique<Client>(&shard_thread_));
  OnShard([&] {
    for (const auto& client : clients) {
      relays.push_back(Start(*client, kAsk));
      client->Reads(relays.back().get());
      relays.back()->Next();
    }
  });
  for (const auto& client : clients) {
    EXPECT_TRUE(client->AwaitEnd().ok());
    ASSERT_TRUE(client->data() == expected);
  }
  OnShard([&] { relays.clear(); });
}

TEST_F(PerRequestCallTest, HoldsABackendBackWhoseClientDoesNotRead) {
  // (Words of 16 KiB; 64 MiB of them.)
  const std::string word = Word(std::string(16 * 1024, 'x'));
  const auto seen = Open(kAsk);
  seen->Write(word, 4096);
  ASSERT_TRUE(client_.AwaitStarted());
  Next();
  ASSERT_EQ(client_.AwaitEvents(1).size(), 1u);
  // What another call on the same channel carries comes after what this one could send.
  Client other(&shard_thread_);
  std::unique_ptr<CallRelay> other_relay;
  OnShard([&] {
    other_relay = Start(other, kAsk);
    other.Reads(other_relay.get());
    other_relay->Next();
  });
  const auto other_seen = server_.AwaitCall();
  other_seen->Write(word, 64);
  other_seen->Finish(grpc::Status::OK);
  EXPECT_TRUE(other.AwaitEnd().ok());
  EXPECT_EQ(other.events().size(), 64u);
  EXPECT_LE(seen->written() * word.size(), 512u * 1024);
  EXPECT_EQ(client_.events().size(), 1u);
  OnShard([&] { other_relay.reset(); });
}

}  // namespace
}  // namespace sluice

// What the log in JetStream does with a server that does not answer, or not as it should.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <thread>

#include "absl/strings/str_cat.h"
#include "bridge/event_log/jetstream/append_message.h"
#include "bridge/event_log/jetstream/jetstream_event_log.h"
#include "bridge/event_log/jetstream/seen_ids.h"
#include "bridge/event_log/jetstream/stored_message.h"
#include "bridge/event_log/jetstream/topic_subject.h"
#include "bridge/event_log/record.h"
#include "tests/event_log/event_log_contract.h"
#include "tests/fakes/fake_jetstream.h"

namespace sluice {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using What = FakeJetStream::What;
using Deed = FakeJetStream::Deed;
using Answer = absl::StatusOr<std::vector<AppendResult>>;

bool Eventually(const std::function<bool()>& is_so) {
  const auto late = std::chrono::steady_clock::now() + kAnswerWithin;
  while (!is_so()) {
    if (std::chrono::steady_clock::now() > late) return false;
    std::this_thread::yield();
  }
  return true;
}

Event WithId(Event event, std::string id) {
  event.publisher_id = std::move(id);
  return event;
}

std::vector<std::string> DataOf(const FakeNats::Message& message) {
  std::vector<std::string> data;
  const std::optional<std::string> topic = TopicOfSubject("sluice.kept", message.subject);
  const std::vector<Event> events = DecodeMessage(topic.value(), message.body).value();
  for (const Event& event : events) {
    data.push_back(event.data.value_or(""));
  }
  return data;
}

class Appending : public testing::Test {
 protected:
  Appending() {
    options_.stream = "S";
    options_.append_timeout = absl::Milliseconds(400);
    options_.tail_heartbeat = absl::Hours(1);
  }
  EventLog& Make(size_t max_payload = 1 << 20) {
    server_ = std::make_unique<FakeJetStream>("S", max_payload);
    options_.nats.servers = {server_->address()};
    log_ = MakeJetStreamEventLog(options_).value();
    log_->Start(&tail_);
    log_->Follow("a/1", 0);
    Eventually([&] { return log_->Health().ok() && server_->consumers_made() == 1; });
    return *log_;
  }
  // The first message that holds this is treated so, as often as it comes; others are stored.
  void Treat(const std::string& data, What what) {
    server_->Do([data, what](const FakeNats::Message& message) {
      return Deed{message.body.find(data) != std::string::npos ? what : What::kStoreAndAnswer, ""};
    });
  }
  static std::future<Answer> Begin(EventLog& log, AppendRequest request) {
    const auto answer = std::make_shared<std::promise<Answer>>();
    std::future<Answer> coming = answer->get_future();
    log.Append(std::move(request),
               [answer](Answer result) { answer->set_value(std::move(result)); });
    return coming;
  }
  std::vector<std::string> Stored() {
    std::vector<std::string> data;
    for (const FakeNats::Message& message : server_->stored()) {
      for (std::string& event : DataOf(message)) data.push_back(std::move(event));
    }
    return data;
  }
  FakeNats::Message MessageOf(const Event& event) const {
    AppendMessage made = MakeMessage(MessageIdOf("", event.topic, event.publisher_id),
                                     event.publisher_id, {EncodeRecord(event)}, options_);
    std::string headers = "NATS/1.0\r\n";
    for (const auto& [name, value] : made.headers) headers += name + ": " + value + "\r\n";
    return {SubjectOfTopic("sluice.kept", event.topic), "", headers + "\r\n", made.body};
  }

  JetStreamEventLogOptions options_;
  std::unique_ptr<FakeJetStream> server_;
  TailNotes tail_;
  std::unique_ptr<EventLog> log_;
};

constexpr auto kUnavailable = absl::StatusCode::kUnavailable;

TEST_F(Appending, LetsNothingPassAMessageThatIsInDoubt) {
  EventLog& log = Make();
  Treat("first", What::kDrop);
  EXPECT_EQ(Append(log, {MakeEvent("a/1", "first")}).status().code(), kUnavailable);
  EXPECT_EQ(Append(log, {MakeEvent("a/1", "second")}).status().code(), kUnavailable);
  EXPECT_TRUE(Append(log, {MakeEvent("b/1", "other")}).ok()) << "other topics go on";
  // From here on it is stored when it is sent again.
  Treat("", What::kStoreAndAnswer);
  EXPECT_TRUE(Eventually([&] { return Append(log, {MakeEvent("a/1", "third")}).ok(); }));
  EXPECT_THAT(Stored(), ElementsAre("other", "first", "third"));
}

// (In line behind it, it would come after what was sent later.)
TEST_F(Appending, JoinsAPublishersRetryToTheMessageInDoubt) {
  EventLog& log = Make();
  Treat("first", What::kDrop);
  const Event first = WithId(MakeEvent("a/1", "first"), "m1");
  EXPECT_EQ(Append(log, {first}).status().code(), kUnavailable);
  const auto other = Append(log, {WithId(MakeEvent("a/1", "other"), "m1")});
  EXPECT_EQ(other.status().code(), absl::StatusCode::kAlreadyExists);
  EXPECT_THAT(std::string(other.status().message()), HasSubstr("events[0].id: was used before"));
  Treat("", What::kStoreAndAnswer);
  Answer again = absl::UnknownError("");
  ASSERT_TRUE(Eventually([&] { return (again = Append(log, {first})).ok(); }));
  EXPECT_TRUE(again->front().duplicate);
  EXPECT_EQ(again->front().id.offset, log.head(0));
  EXPECT_THAT(Stored(), ElementsAre("first"));
  EXPECT_EQ(server_->asked(), 2u) << "the first attempt, and the one that was answered";
}

TEST_F(Appending, GivesADoubtUpBeforeTheServerForgetsItsId) {
  options_.deduplication_window = absl::Seconds(1);
  EventLog& log = Make();
  Treat("first", What::kDrop);
  EXPECT_EQ(Append(log, {MakeEvent("a/1", "first")}).status().code(), kUnavailable);
  EXPECT_TRUE(Eventually([&] { return Append(log, {MakeEvent("a/1", "second")}).ok(); }));
  EXPECT_THAT(Stored(), testing::Contains("second"));
  EXPECT_THAT(Stored(), testing::Not(testing::Contains("first")));
}

TEST_F(Appending, CountsWhatIsInDoubtAsWaiting) {
  options_.waiting_events = 1;
  EventLog& log = Make();
  Treat("first", What::kDrop);
  EXPECT_EQ(Append(log, {MakeEvent("a/1", "first")}).status().code(), kUnavailable);
  for (int i = 0; i < 50; ++i) {
    const Answer refused = Append(log, {MakeEvent("b/1", "other")});
    ASSERT_THAT(std::string(refused.status().message()), HasSubstr("queue_bytes"));
  }
  Treat("", What::kStoreAndAnswer);
  EXPECT_TRUE(Eventually([&] { return Append(log, {MakeEvent("b/1", "other")}).ok(); }));
}

TEST_F(Appending, AnswersWhenItsCallersTimeIsUp) {
  options_.append_timeout = absl::Minutes(1);
  EventLog& log = Make();
  Treat("", What::kDrop);
  const auto asked = std::chrono::steady_clock::now();
  const Answer answer =
      Begin(log, {"", {MakeEvent("a/1", "1")}, absl::Now() + absl::Milliseconds(100)}).get();
  EXPECT_EQ(answer.status().code(), kUnavailable);
  EXPECT_THAT(std::string(answer.status().message()), HasSubstr("publish it again under the same"));
  EXPECT_LT(std::chrono::steady_clock::now() - asked, std::chrono::seconds(30));
}

// The new stream is longer than the old one was: its sequences say nothing.
TEST_F(Appending, GivesNoIdOfAStreamThatWasDeletedMeanwhile) {
  EventLog& log = Make();
  const EventId old = Append(log, {MakeEvent("a/1", "old")}).value().front().id;
  std::atomic<bool> done{false};
  server_->Do([&](const FakeNats::Message&) {
    if (!done.exchange(true)) server_->MakeAnew(100);
    return Deed{};
  });
  const Answer answer = Append(log, {MakeEvent("a/1", "new")});
  EXPECT_EQ(answer.status().code(), kUnavailable);
  EXPECT_THAT(std::string(answer.status().message()), HasSubstr("made anew"));
  EXPECT_TRUE(tail_.AwaitLosses(1));
  const Answer next = Append(log, {MakeEvent("a/1", "next")});
  ASSERT_TRUE(next.ok()) << next.status();
  EXPECT_NE(next->front().id.epoch, old.epoch);
  EXPECT_EQ(next->front().id.epoch, StreamOffsets(server_->created()).epoch());
}

// Where nobody tells it how far the stream is.
TEST_F(Appending, AsksForTheStreamWhereTheTailIsSilent) {
  EventLog& log = Make();
  server_->Do([&](const FakeNats::Message&) {
    server_->StopConsumer();
    return Deed{};
  });
  for (int i = 0; i < 10; ++i) {
    const Answer answer = Append(log, {MakeEvent("a/1", "1")});
    ASSERT_TRUE(answer.ok()) << answer.status();
    EXPECT_EQ(answer->front().id.epoch, StreamOffsets(server_->created()).epoch());
  }
}

TEST_F(Appending, LeavesTheTailAloneWhenPublishesFail) {
  EventLog& log = Make();
  server_->Do([](const FakeNats::Message&) {
    return Deed{What::kDrop,
                R"({"error":{"code":503,"err_code":10077,"description":"no space left"}})"};
  });
  std::vector<std::future<Answer>> answers;
  for (int i = 0; i < 200; ++i) {
    answers.push_back(Begin(log, {"", {MakeEvent(absl::StrCat("t/", i), "1")}}));
  }
  for (std::future<Answer>& answer : answers) EXPECT_EQ(answer.get().status().code(), kUnavailable);
  EXPECT_EQ(server_->consumers_made(), 1u);
  EXPECT_LE(server_->questions(), 10u);
}

TEST_F(Appending, PutsNoMoreIntoAMessageThanTheServerTakes) {
  constexpr size_t kMaxPayload = 4096;
  options_.append_timeout = absl::Seconds(20);
  EventLog& log = Make(kMaxPayload);
  std::atomic<size_t> largest{0};
  server_->Do([&](const FakeNats::Message& message) {
    largest = std::max<size_t>(largest, message.headers.size() + message.body.size());
    return Deed{};
  });
  std::vector<std::future<Answer>> answers;
  for (int i = 0; i < 100; ++i) {
    answers.push_back(Begin(log, {"", {MakeEvent("a/1", std::string(600, 'x'))}}));
  }
  for (std::future<Answer>& answer : answers) EXPECT_TRUE(answer.get().ok());
  EXPECT_LE(largest, kMaxPayload);
  EXPECT_GT(largest, kMaxPayload / 2) << "they travel together";

  const Answer refused =
      Append(log, {MakeEvent("b/1", "small"), MakeEvent("b/1", std::string(kMaxPayload, 'x'))});
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(refused.status().message()), HasSubstr("events[1]: takes 4"));
  EXPECT_THAT(std::string(refused.status().message()), HasSubstr("4096 bytes"));
  EXPECT_THAT(Stored(), testing::Not(testing::Contains("small"))) << "nothing of it is stored";
  // One that just fits.
  EXPECT_TRUE(Append(log, {MakeEvent("b/1", std::string(kMaxPayload - 400, 'x'))}).ok());
}

// A request is stored event by event. What failed on the way is sent again, under its ids.
TEST_F(Appending, StoresARequestThatFailedHalfWayOnceAndInOrderWhenItIsSentAgain) {
  EventLog& log = Make();
  const std::vector<Event> events = {WithId(MakeEvent("a/1", "one"), "1"),
                                     WithId(MakeEvent("a/1", "two"), "2"),
                                     WithId(MakeEvent("a/1", "three"), "3")};
  Treat("two", What::kStoreSilently);
  const Answer failed = Append(log, events);
  EXPECT_EQ(failed.status().code(), kUnavailable);
  EXPECT_THAT(std::string(failed.status().message()),
              HasSubstr("1 of its 3 events are stored; publish it again under the same ids"));
  Treat("", What::kStoreAndAnswer);
  Answer again = absl::UnknownError("");
  ASSERT_TRUE(Eventually([&] { return (again = Append(log, events)).ok(); }));
  EXPECT_THAT(Stored(), ElementsAre("one", "two", "three"));
  EXPECT_TRUE(again->at(0).duplicate);
  EXPECT_TRUE(again->at(1).duplicate);
  EXPECT_LT(again->at(0).id.offset, again->at(1).id.offset);
  EXPECT_LT(again->at(1).id.offset, again->at(2).id.offset);
}

// Another bridge has stored one of its ids with other content, which no tail has told of yet.
TEST_F(Appending, SaysHowMuchOfARequestWasStoredBeforeItsRefusal) {
  EventLog& log = Make();
  server_->StoreUnseen(MessageOf(WithId(MakeEvent("a/1", "theirs"), "2")));
  std::vector<Event> events = {WithId(MakeEvent("a/1", "one"), "1"),
                               WithId(MakeEvent("a/1", "two"), "2"),
                               WithId(MakeEvent("a/1", "three"), "3")};
  const Answer refused = Append(log, events);
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kAlreadyExists);
  EXPECT_THAT(std::string(refused.status().message()),
              HasSubstr("events[1].id: was used before on this topic with other content; 1 of its "
                        "3 events are stored"));
  events[1].publisher_id = "2b";
  const Answer again = Append(log, events);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_TRUE(again->at(0).duplicate);
  EXPECT_THAT(Stored(), ElementsAre("theirs", "one", "two", "three"));
}

TEST_F(Appending, RefusesForGoodWhatTheStreamRefusesForGood) {
  EventLog& log = Make();
  server_->Do([](const FakeNats::Message&) {
    return Deed{What::kDrop,
                R"({"error":{"code":400,"err_code":10109,"description":"sealed stream"}})"};
  });
  const Answer refused = Append(log, {MakeEvent("a/1", "1")});
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(server_->asked(), 1u);
}

}  // namespace
}  // namespace sluice

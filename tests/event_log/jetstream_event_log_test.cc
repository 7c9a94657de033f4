// The log in JetStream on a real server: the contract, and what only a log that others share
// has to get right.
#include "bridge/event_log/jetstream/jetstream_event_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>

#include "bridge/event_log/jetstream/topic_subject.h"
#include "bridge/event_log/stoppable.h"
#include "tests/event_log/event_log_contract.h"
#include "tests/nats/nats_server.h"

namespace sluice {
namespace {

using testing::HasSubstr;

// One server for the whole contract; every log has a stream of its own.
NatsServer& SharedServer() {
  static NatsServer server;
  return server;
}

JetStreamEventLogOptions OptionsFor(const NatsServer& server) {
  static std::atomic<int> streams{0};
  JetStreamEventLogOptions options;
  options.nats.servers = {server.address()};
  options.stream = "S" + std::to_string(++streams);
  options.subject_prefix = "test" + std::to_string(streams);
  return options;
}

std::unique_ptr<EventLog> MakeOrDie(const JetStreamEventLogOptions& options) {
  absl::StatusOr<std::unique_ptr<EventLog>> log = MakeJetStreamEventLog(options);
  if (!log.ok()) throw std::runtime_error(std::string(log.status().message()));
  return *std::move(log);
}

std::unique_ptr<EventLog> MakeOfThreeStreams(const Clock& /*clock*/) {
  JetStreamEventLogOptions options = OptionsFor(SharedServer());
  options.streams = 3;
  options.stream_by_segments = 1;
  return MakeOrDie(options);
}

INSTANTIATE_TEST_SUITE_P(
    JetStream, EventLogContract,
    testing::Values(EventLogKind{"jetstream",
                                 [](const Clock&) { return MakeOrDie(OptionsFor(SharedServer())); },
                                 false},
                    EventLogKind{"jetstream_of_three_streams", MakeOfThreeStreams, false}),
    [](const auto& kind) { return kind.param.name; });

// Until something is so, however long the machine takes.
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

class JetStreamLog : public testing::Test {
 protected:
  JetStreamLog() {
    options_.append_timeout = absl::Seconds(3);
    options_.away_grace = absl::Milliseconds(200);
    options_.nats.backoff_max = absl::Milliseconds(200);
    options_.nats.ping_interval = absl::Milliseconds(500);
    options_.tail_heartbeat = absl::Milliseconds(200);
  }
  EventLog& Make() {
    log_ = MakeOrDie(options_);
    log_->Start(&tail_);
    return *log_;
  }
  ReadResult ReadAfter(EventLog& log, const std::string& topic, Offset after) {
    return Read(log, {.topic = topic, .start = AfterOffset{after}}).value();
  }
  static void AwaitFollowing(EventLog& log, const std::string& topic, ShardIndex shard) {
    ASSERT_TRUE(Eventually([&] { return log.Follow(topic, shard).has_value(); }));
  }
  // Publishes under this id until it is stored.
  EventId Insist(EventLog& log, const Event& event) {
    absl::StatusOr<std::vector<AppendResult>> result = absl::UnknownError("");
    Eventually([&] { return (result = Append(log, {event})).ok(); });
    return result.value().front().id;
  }
  static std::vector<std::string> Data(const std::vector<StoredEventPtr>& events) {
    std::vector<std::string> data;
    for (const StoredEventPtr& event : events) data.emplace_back(event->data().value_or(""));
    return data;
  }

  NatsServer server_;
  JetStreamEventLogOptions options_ = OptionsFor(server_);
  TailNotes tail_;
  TailNotes other_tail_;
  std::unique_ptr<EventLog> log_;
};

TEST_F(JetStreamLog, GivesTheSameIdsAtEveryBridge) {
  EventLog& log = Make();
  const std::unique_ptr<EventLog> other = MakeOrDie(options_);
  other->Start(&other_tail_);
  EXPECT_EQ(log.epoch(0), other->epoch(0));
  AwaitFollowing(log, "other", 5);
  AwaitFollowing(*other, "a/1", 2);
  const std::vector<AppendResult> stored =
      Append(log, {MakeEvent("a/1", "1"), MakeEvent("a/1", "2"), MakeEvent("b/1", "x"),
                   Ending(MakeEvent("a/1", "3"))})
          .value();
  const std::vector<StoredEventPtr> told = other_tail_.Await(2, 3);
  EXPECT_THAT(Data(told), testing::ElementsAre("1", "2", "3"));
  EXPECT_EQ(told.at(0)->id(), stored[0].id);
  EXPECT_EQ(told.at(1)->id(), stored[1].id);
  EXPECT_EQ(told.at(2)->id(), stored[3].id);
  EXPECT_TRUE(stored[3].id.end);
  const ReadResult read = ReadAfter(*other, "a/1", stored[0].id.offset);
  EXPECT_THAT(Data(read.events), testing::ElementsAre("2", "3"));
  EXPECT_EQ(read.events.at(0)->id(), stored[1].id);
  EXPECT_TRUE(Eventually([&] { return other->head(0) == log.head(0) && log.head(0) > 0; }));
}

TEST_F(JetStreamLog, KnowsAPublishersIdAtEveryBridge) {
  EventLog& log = Make();
  const AppendResult first = Append(log, {WithId(MakeEvent("a/1", "1"), "m1")}).value().front();
  // It has seen nothing of it by its tail: the server knows.
  const std::unique_ptr<EventLog> other = MakeOrDie(options_);
  other->Start(&other_tail_);
  const AppendResult again = Append(*other, {WithId(MakeEvent("a/1", "1"), "m1")}).value().front();
  EXPECT_TRUE(again.duplicate);
  EXPECT_EQ(again.id, first.id);
  const auto refused = Append(*other, {WithId(MakeEvent("a/1", "2"), "m1")});
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(ReadAfter(log, "a/1", 0).events.size(), 1u);
}

TEST_F(JetStreamLog, DeliversTransientEventsAtEveryBridgeInTheirOrder) {
  EventLog& log = Make();
  const std::unique_ptr<EventLog> other = MakeOrDie(options_);
  other->Start(&other_tail_);
  AwaitFollowing(*other, "a/1", 0);
  for (int i = 0; i < 100; ++i) {
    Append(log, {Transient(MakeEvent("a/1", std::to_string(i)))}).value();
  }
  const std::vector<std::string> data = Data(other_tail_.Await(0, 100));
  ASSERT_EQ(data.size(), 100u);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(data[i], std::to_string(i));
}

TEST_F(JetStreamLog, GoesOnWhereItWasAfterTheServerIsKilled) {
  EventLog& log = Make();
  AwaitFollowing(log, "a/1", 0);
  for (int i = 0; i < 50; ++i) AppendOne(log, MakeEvent("a/1", std::to_string(i)));
  const Epoch epoch = log.epoch(0);
  server_.Kill();
  ASSERT_TRUE(Eventually([&] { return !log.Health().ok(); }));
  const auto asked = std::chrono::steady_clock::now();
  EXPECT_EQ(Append(log, {MakeEvent("a/1", "lost")}).status().code(),
            absl::StatusCode::kUnavailable);
  EXPECT_LT(std::chrono::steady_clock::now() - asked, std::chrono::seconds(1)) << "at once";
  EXPECT_EQ(Read(log, {.topic = "a/1", .start = Earliest{}}).status().code(),
            absl::StatusCode::kUnavailable);
  server_.Start();
  for (int i = 50; i < 100; ++i) {
    Insist(log, WithId(MakeEvent("a/1", std::to_string(i)), std::to_string(i)));
  }
  const std::vector<std::string> data = Data(tail_.Await(0, 100));
  ASSERT_EQ(data.size(), 100u);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(data[i], std::to_string(i));
  EXPECT_EQ(log.epoch(0), epoch);
  EXPECT_TRUE(log.Health().ok());
}

TEST_F(JetStreamLog, StoresOnceWhatTimedOutAndIsSentAgain) {
  EventLog& log = Make();
  AwaitFollowing(log, "a/1", 0);
  AppendOne(log, MakeEvent("a/1", "0"));
  server_.Freeze();
  EXPECT_EQ(Append(log, {WithId(MakeEvent("a/1", "1"), "m1")}).status().code(),
            absl::StatusCode::kUnavailable);
  server_.Thaw();
  const EventId id = Insist(log, WithId(MakeEvent("a/1", "1"), "m1"));
  AppendOne(log, MakeEvent("a/1", "2"));
  EXPECT_THAT(Data(tail_.Await(0, 3)), testing::ElementsAre("0", "1", "2"));
  EXPECT_EQ(tail_.told(0).at(1)->id(), id);
  EXPECT_THAT(Data(ReadAfter(log, "a/1", 0).events), testing::ElementsAre("0", "1", "2"));
}

TEST_F(JetStreamLog, TellsOfALossWhenTheStreamWasDeletedAndMadeAnew) {
  EventLog& log = Make();
  AwaitFollowing(log, "a/1", 0);
  for (int i = 0; i < 10; ++i) AppendOne(log, MakeEvent("a/1", "old"));
  ASSERT_TRUE(Eventually([&] { return tail_.told(0).size() == 10; }));
  AppendOne(log, WithId(MakeEvent("b/1", "1"), "m"));
  ASSERT_TRUE(Append(log, {WithId(MakeEvent("b/1", "1"), "m")}).value().front().duplicate);
  const Epoch epoch = log.epoch(0);
  const Offset old_head = log.head(0);
  const size_t losses = tail_.losses();
  server_.Ask("$JS.API.STREAM.DELETE." + options_.stream);
  EXPECT_TRUE(tail_.AwaitLosses(losses + 1));
  EXPECT_NE(log.epoch(0), epoch);
  const EventId id = Insist(log, WithId(MakeEvent("a/1", "new"), "n"));
  EXPECT_GT(id.offset, old_head) << "windows that hold old events take new ones";
  EXPECT_EQ(Data(tail_.Await(0, 11)).back(), "new");
  // Who held a place in the old stream is told that it is gone.
  const ReadResult read = ReadAfter(log, "a/1", old_head);
  EXPECT_GT(read.after, old_head);
  EXPECT_THAT(Data(read.events), testing::ElementsAre("new"));
  // A publisher's id of the old stream is free.
  EXPECT_FALSE(Append(log, {WithId(MakeEvent("b/1", "1"), "m")}).value().front().duplicate);
}

TEST_F(JetStreamLog, RefusesAStreamThatKeepsLessThanIsConfigured) {
  Make();
  JetStreamEventLogOptions other = options_;
  other.max_age = absl::Hours(48);
  other.events_per_topic = 20'000;
  const absl::Status refused = MakeJetStreamEventLog(other).status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
  const std::string why(refused.message());
  EXPECT_THAT(why, HasSubstr("max_age is 24h, less than the configured 48h"));
  EXPECT_THAT(why, HasSubstr("max_msgs_per_subject is 10000, less than the configured 20000"));
  EXPECT_THAT(why, testing::Not(HasSubstr("num_replicas")));
}

// Bounds are raised at the stream first, and lowered there last: no bridge need stop for it.
TEST_F(JetStreamLog, OpensAStreamThatKeepsMoreThanIsConfigured) {
  Make();
  options_.max_age = absl::Hours(1);
  options_.events_per_topic = 5;
  options_.deduplication_window = absl::Minutes(1);
  options_.total_bytes = 1 << 20;
  const std::unique_ptr<EventLog> other = MakeOrDie(options_);
  other->Start(&other_tail_);
  AppendOne(*other, MakeEvent("a/1", "1"));
}

// Whatever `nats stream edit` does to it.
TEST_F(JetStreamLog, GoesOnWhenItsStreamIsChanged) {
  EventLog& log = Make();
  AwaitFollowing(log, "a/1", 0);
  AppendOne(log, MakeEvent("a/1", "1"));
  const std::string info = server_.Ask("$JS.API.STREAM.INFO." + options_.stream);
  nlohmann::json configuration = nlohmann::json::parse(info)["config"];
  configuration["description"] = "changed";
  configuration["max_age"] = 3'600'000'000'000;
  configuration["max_msgs_per_subject"] = 7;
  const std::string updated =
      server_.Ask("$JS.API.STREAM.UPDATE." + options_.stream, configuration.dump());
  ASSERT_THAT(updated, HasSubstr("changed"));
  server_.Kill();
  server_.Start();
  Insist(log, WithId(MakeEvent("a/1", "2"), "m"));
  EXPECT_THAT(Data(tail_.Await(0, 2)), testing::ElementsAre("1", "2"));
  EXPECT_TRUE(log.Health().ok()) << "how much is kept is promised to nobody";

  const int64_t window = configuration["duplicate_window"];
  configuration["duplicate_window"] = window / 2;
  server_.Ask("$JS.API.STREAM.UPDATE." + options_.stream, configuration.dump());
  ASSERT_TRUE(Eventually([&] { return !log.Health().ok(); }));
  EXPECT_THAT(std::string(log.Health().message()),
              HasSubstr("duplicate_window is 1m, less than the configured 2m"));
  AppendOne(log, MakeEvent("a/1", "3"));
  configuration["duplicate_window"] = window;
  server_.Ask("$JS.API.STREAM.UPDATE." + options_.stream, configuration.dump());
  EXPECT_TRUE(Eventually([&] { return log.Health().ok(); }));
}

TEST_F(JetStreamLog, OpensWhenNatsComes) {
  server_.Kill();
  EventLog& log = Make();
  EXPECT_EQ(log.Health().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(Append(log, {MakeEvent("a/1", "1")}).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(Read(log, {.topic = "a/1", .start = Earliest{}}).status().code(),
            absl::StatusCode::kUnavailable);
  EXPECT_FALSE(log.Follow("a/1", 0)) << "the head is not known";
  server_.Start();
  ASSERT_TRUE(tail_.AwaitLosses(1)) << "now it is";
  EXPECT_TRUE(log.Follow("a/1", 0));
  ASSERT_TRUE(Eventually([&] { return log.Health().ok(); }));
  AppendOne(log, MakeEvent("a/1", "1"));
  EXPECT_THAT(Data(tail_.Await(0, 1)), testing::ElementsAre("1"));
}

TEST_F(JetStreamLog, SaysWhatATopicHasDropped) {
  options_.events_per_topic = 2;
  EventLog& log = Make();
  const Offset first = AppendOne(log, MakeEvent("b/1", "kept"));
  const Offset dropped = AppendOne(log, MakeEvent("a/1", "1"));
  AppendOne(log, MakeEvent("a/1", "2"));
  AppendOne(log, MakeEvent("a/1", "3"));
  const ReadResult read = ReadAfter(log, "a/1", first);
  EXPECT_THAT(Data(read.events), testing::ElementsAre("2", "3"));
  EXPECT_EQ(read.dropped_through, dropped);
  EXPECT_EQ(read.after, dropped);
  EXPECT_EQ(ReadAfter(log, "a/1", dropped).after, dropped) << "it has lost nothing";
  EXPECT_EQ(ReadAfter(log, "b/1", 0).dropped_through, 0u) << "another topic has lost nothing";
}

TEST_F(JetStreamLog, SaysWhatATopicHasDroppedSinceItsStreamWasChanged) {
  EventLog& log = Make();
  AppendOne(log, MakeEvent("b/1", "the stream's first"));
  const Offset first = AppendOne(log, MakeEvent("a/1", "0"));
  for (int i = 1; i < 10; ++i) AppendOne(log, MakeEvent("a/1", std::to_string(i)));
  const std::string info = server_.Ask("$JS.API.STREAM.INFO." + options_.stream);
  nlohmann::json configuration = nlohmann::json::parse(info)["config"];
  configuration["max_msgs_per_subject"] = 3;
  server_.Ask("$JS.API.STREAM.UPDATE." + options_.stream, configuration.dump());
  AppendOne(log, MakeEvent("a/1", "10"));
  const ReadResult read = ReadAfter(log, "a/1", first);
  EXPECT_THAT(Data(read.events), testing::ElementsAre("8", "9", "10"));
  EXPECT_GT(read.dropped_through, first);
}

TEST_F(JetStreamLog, TellsTopicsWithHostileNamesApart) {
  EventLog& log = Make();
  std::vector<std::string> topics = {"a/*",      "a/>",     "a.b",  "a/b",   "*",
                                     ">",        "$JS/API", "a b",  "a=2Eb", "=",
                                     "\xC3\xA9", "a/=",     "a\"b", "_",     "a/.b"};
  for (int c = 0x21; c < 0x7f; ++c) {
    if (c != '/' && c != '.') topics.push_back("c" + std::string(1, static_cast<char>(c)) + "/x");
  }
  std::set<std::string> subjects;
  for (const std::string& topic : topics) {
    const std::string subject = SubjectOfTopic("p", topic);
    EXPECT_TRUE(subjects.insert(subject).second) << topic;
    EXPECT_EQ(TopicOfSubject("p", subject), topic);
    log.Follow(topic, 0);
    AppendOne(log, MakeEvent(topic, topic));
  }
  for (const StoredEventPtr& event : tail_.Await(0, topics.size())) {
    EXPECT_EQ(event->data(), event->event().topic);
  }
  for (const std::string& topic : topics) {
    EXPECT_EQ(ReadAfter(log, topic, 0).events.size(), 1u) << topic;
  }
}

TEST_F(JetStreamLog, RefusesAnEventThatTheServerDoesNotTake) {
  EventLog& log = Make();
  const auto refused = Append(log, {MakeEvent("a/1", std::string(2 << 20, 'x'))});
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(refused.status().message()), HasSubstr("1048576 bytes"));
  AppendOne(log, MakeEvent("a/1", "1"));
}

// What waits for a topic goes together: its rate is not bound to the time of an answer.
TEST_F(JetStreamLog, StoresWhatWaitsForATopicTogetherAndInOrder) {
  EventLog& log = Make();
  AwaitFollowing(log, "a/1", 0);
  constexpr size_t kEvents = 2000;
  std::vector<std::future<EventId>> ids;
  for (size_t i = 0; i < kEvents; ++i) {
    auto id = std::make_shared<std::promise<EventId>>();
    ids.push_back(id->get_future());
    log.Append({"", {MakeEvent("a/1", std::to_string(i))}},
               [id](const auto& result) { id->set_value(result.value().front().id); });
  }
  const std::vector<StoredEventPtr> told = tail_.Await(0, kEvents);
  ASSERT_EQ(told.size(), kEvents);
  for (size_t i = 0; i < kEvents; ++i) {
    EXPECT_EQ(told[i]->data(), std::to_string(i));
    EXPECT_EQ(told[i]->id(), ids[i].get());
  }
  const std::string info = server_.Ask("$JS.API.STREAM.INFO." + options_.stream);
  EXPECT_THAT(info, testing::ContainsRegex("\"messages\":[0-9]{1,3},"));
  // From the middle of a message, in stretches.
  Offset after = told[4]->offset();
  for (size_t next = 5; next < 1000;) {
    const ReadResult read = Read(log, {.topic = "a/1", .start = AfterOffset{after}}).value();
    EXPECT_EQ(read.after, after);
    for (const StoredEventPtr& event : read.events) {
      EXPECT_EQ(event->data(), std::to_string(next++));
    }
    after = read.complete_through;
  }
  const ReadResult last = Read(log, {.topic = "a/1", .start = LastN{3}}).value();
  EXPECT_THAT(Data(last.events), testing::ElementsAre("1997", "1998", "1999"));
}

TEST_F(JetStreamLog, SkipsMessagesThatAreNoEvents) {
  EventLog& log = Make();
  AwaitFollowing(log, "a/1", 0);
  server_.Ask(SubjectOfTopic(options_.subject_prefix + ".kept", "a/1"), "\xff\xff rubbish");
  server_.Ask(options_.subject_prefix + ".kept.a.=zz", "rubbish");
  AppendOne(log, MakeEvent("a/1", "1"));
  EXPECT_THAT(Data(tail_.Await(0, 1)), testing::ElementsAre("1"));
  EXPECT_THAT(Data(ReadAfter(log, "a/1", 0).events), testing::ElementsAre("1"));
}

// A server that was away: what the stream let go of meanwhile cannot be delivered.
TEST_F(JetStreamLog, TellsOfALossWhenTheStreamHasLetGoOfWhatWasToComeNext) {
  EventLog& log = Make();
  AwaitFollowing(log, "a/1", 0);
  const Offset seen = AppendOne(log, MakeEvent("a/1", "1"));
  ASSERT_EQ(tail_.Await(0, 1).size(), 1u);
  server_.Ask("$JS.API.STREAM.PURGE." + options_.stream, "{\"seq\":1000}");
  const size_t losses = tail_.losses();
  server_.Kill();
  server_.Start();
  EXPECT_TRUE(tail_.AwaitLosses(losses + 1));
  const EventId id = Insist(log, WithId(MakeEvent("a/1", "2"), "m"));
  EXPECT_GT(id.offset, seen);
  EXPECT_GT(ReadAfter(log, "a/1", seen).after, seen);
}

TEST_F(JetStreamLog, AnswersEverybodyWhenItStops) {
  EventLog& log = Make();
  server_.Freeze();
  std::promise<absl::Status> appended;
  std::promise<absl::Status> read;
  log.Append({"", {MakeEvent("a/1", "1")}},
             [&](const auto& result) { appended.set_value(result.status()); });
  log.Read({.topic = "a/1", .start = Earliest{}},
           [&](const auto& result) { read.set_value(result.status()); });
  dynamic_cast<Stoppable&>(log).Stop();
  EXPECT_FALSE(appended.get_future().get().ok());
  EXPECT_FALSE(read.get_future().get().ok());
  server_.Thaw();
}

}  // namespace
}  // namespace sluice

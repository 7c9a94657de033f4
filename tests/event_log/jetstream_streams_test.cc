// The tail of a stream where the server leaves something out or loses something, and several
// streams.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "absl/strings/str_cat.h"
#include "bridge/event_log/jetstream/followers.h"
#include "bridge/event_log/jetstream/jetstream_event_log.h"
#include "bridge/event_log/jetstream/seen_ids.h"
#include "bridge/event_log/jetstream/stored_message.h"
#include "bridge/event_log/jetstream/topic_stream.h"
#include "bridge/event_log/jetstream/topic_subject.h"
#include "bridge/event_log/record.h"
#include "bridge/nats/nats_connection.h"
#include "tests/event_log/event_log_contract.h"
#include "tests/fakes/fake_jetstream.h"
#include "tests/nats/nats_server.h"

namespace sluice {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

bool Eventually(const std::function<bool()>& is_so) {
  const auto late = std::chrono::steady_clock::now() + kAnswerWithin;
  while (!is_so()) {
    if (std::chrono::steady_clock::now() > late) return false;
    std::this_thread::yield();
  }
  return true;
}

std::vector<std::string> Data(const std::vector<StoredEventPtr>& events) {
  std::vector<std::string> data;
  for (const StoredEventPtr& event : events) data.emplace_back(event->data().value_or(""));
  return data;
}

// Other bridges compute the same, in every version.
TEST(TopicStream, IsAStableHashOfTheTopic) {
  EXPECT_EQ(StreamOfTopic("room/1", 1, 0), 0u);
  EXPECT_EQ(StreamOfTopic("a", 64, 0), 0xaf63dc4c8601ec8cU % 64) << "FNV-1a of one byte";
  EXPECT_EQ(StreamOfTopic("foobar", 64, 0), 0x85944171f73967e8U % 64);
  EXPECT_EQ(StreamOfTopic("foobar", 7, 0), 0x85944171f73967e8U % 7);
  EXPECT_EQ(StreamOfTopic("foobar/x/y", 7, 1), StreamOfTopic("foobar", 7, 0));
  EXPECT_EQ(StreamOfTopic("foobar/x/y", 7, 2), StreamOfTopic("foobar/x", 7, 0));
  EXPECT_EQ(StreamOfTopic("foobar/x/y", 7, 3), StreamOfTopic("foobar/x/y", 7, 0));
  EXPECT_EQ(StreamOfTopic("foobar/x", 7, 8), StreamOfTopic("foobar/x", 7, 0));
}

TEST(TopicStream, HasSubjectsThatNoOtherHas) {
  JetStreamEventLogOptions options;
  EXPECT_EQ(OptionsOfStream(options, 0).stream, "SLUICE");
  EXPECT_EQ(OptionsOfStream(options, 0).subject_prefix, "sluice");
  options.streams = 3;
  EXPECT_EQ(OptionsOfStream(options, 2).stream, "SLUICE_2");
  EXPECT_EQ(OptionsOfStream(options, 2).subject_prefix, "sluice.2");
}

class ATail : public testing::Test {
 protected:
  ATail() {
    options_.stream = "S";
    options_.tail_heartbeat = absl::Hours(1);
    options_.nats.servers = {server_.address()};
    log_ = MakeJetStreamEventLog(options_).value();
    log_->Start(&tail_);
    Eventually([&] { return log_->Follow("a/1", 0).has_value(); });
    Eventually([&] { return log_->Health().ok() && server_.consumers_made() > 0; });
  }
  static FakeNats::Message Message(const std::string& data) {
    const Event event = MakeEvent("a/1", data);
    return {SubjectOfTopic("sluice.kept", event.topic), "",
            "NATS/1.0\r\nNats-Msg-Id: " + data + "\r\n\r\n", EncodeMessage({EncodeRecord(event)})};
  }
  void StoreUnseen(const std::string& data) { server_.StoreUnseen(Message(data)); }

  FakeJetStream server_{"S"};
  JetStreamEventLogOptions options_;
  TailNotes tail_;
  std::unique_ptr<EventLog> log_;
};

TEST_F(ATail, AsksAgainForWhatItsConsumerLeavesOut) {
  AppendOne(*log_, MakeEvent("a/1", "1"));
  StoreUnseen("2");
  AppendOne(*log_, MakeEvent("a/1", "3"));
  EXPECT_THAT(Data(tail_.Await(0, 3)), ElementsAre("1", "2", "3"));
}

// What the old consumer still says must not put the next attempt off.
TEST_F(ATail, ComesBackOnABusyStream) {
  AppendOne(*log_, MakeEvent("a/1", "1"));
  StoreUnseen("2");
  std::atomic<bool> over{false};
  std::thread publisher([&] {
    for (int i = 3; !over; ++i) {
      server_.StoreAnothers(Message(absl::StrCat(i)));
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  });
  const std::vector<StoredEventPtr> told = tail_.Await(0, 5);
  over = true;
  publisher.join();
  ASSERT_GE(told.size(), 5u);
  EXPECT_THAT(Data({told.begin(), told.begin() + 5}), ElementsAre("1", "2", "3", "4", "5"));
}

// As a backup puts it back, or a tool that writes the description anew.
TEST_F(ATail, BeginsAnewWhereTheIncarnationGoesBack) {
  const EventId before = Append(*log_, {MakeEvent("a/1", "1")}).value().front().id;
  ASSERT_EQ(tail_.Await(0, 1).size(), 1u);
  const size_t losses = tail_.losses();
  server_.GoBack(absl::Hours(1));
  server_.StopConsumer();
  (void)Append(*log_, {MakeEvent("a/1", "2")});  // which asks for the stream
  ASSERT_TRUE(tail_.AwaitLosses(losses + 1));
  EXPECT_GT(log_->epoch(0), before.epoch);
  EXPECT_GT(log_->head(0), before.offset);
}

TEST_F(ATail, KeepsItsIncarnationWhateverServersSayOfTheCreation) {
  const EventId before = Append(*log_, {MakeEvent("a/1", "1")}).value().front().id;
  ASSERT_EQ(tail_.Await(0, 1).size(), 1u);
  server_.SayCreatedLater(absl::Milliseconds(5));
  server_.StopConsumer();
  const EventId after = Append(*log_, {MakeEvent("a/1", "2")}).value().front().id;
  EXPECT_EQ(after.epoch, before.epoch);
  EXPECT_EQ(log_->epoch(0), before.epoch);
}

TEST_F(ATail, SaysThatItsStreamCannotBeRead) {
  EXPECT_TRUE(log_->Health().ok());
  server_.RefuseReads();
  EXPECT_FALSE(Read(*log_, {.topic = "a/1", .start = Earliest{}}).ok());
  EXPECT_THAT(std::string(log_->Health().message()), HasSubstr("cannot be read"));
}

TEST_F(ATail, TellsAllOfALossAtOnce) {
  Eventually([&] { return log_->Follow("a/2", 0).has_value(); });
  AppendOne(*log_, MakeEvent("a/1", "1"));
  ASSERT_EQ(tail_.Await(0, 1).size(), 1u);
  const size_t losses = tail_.losses();
  StoreUnseen("2");
  server_.Erase(2);
  for (const char* topic : {"a/1", "a/2", "a/1"}) AppendOne(*log_, MakeEvent(topic, "x"));
  EXPECT_THAT(Data(tail_.Await(0, 4)), ElementsAre("1", "x", "x", "x"));
  EXPECT_EQ(tail_.losses(), losses + 1);
}

TEST(TheHead, IsOfItsIncarnation) {
  TailNotes tail;
  Followers followers(0);
  followers.Start(&tail);
  followers.Follow("a/1", 0);
  followers.Jump(7, 1000);
  followers.Jump(7, 900);
  EXPECT_EQ(followers.head(), 1000u);
  followers.Jump(6, 500);
  EXPECT_EQ(followers.Follow("a/1", 0), 500u) << "what comes would be taken for old";
  followers.SetEpoch(6);
  EXPECT_EQ(followers.head(), 500u);
  followers.SetEpoch(8);
  EXPECT_EQ(followers.head(), 0u);
}

TEST_F(ATail, TellsOfALossWhereTheStreamHasAHole) {
  AppendOne(*log_, MakeEvent("a/1", "1"));
  ASSERT_EQ(tail_.Await(0, 1).size(), 1u);
  const size_t losses = tail_.losses();
  StoreUnseen("2");
  server_.Erase(2);
  AppendOne(*log_, MakeEvent("a/1", "3"));
  EXPECT_THAT(Data(tail_.Await(0, 2)), ElementsAre("1", "3"));
  EXPECT_EQ(tail_.losses(), losses + 1);
  AppendOne(*log_, MakeEvent("a/1", "4"));
  EXPECT_EQ(tail_.Await(0, 3).size(), 3u);
  EXPECT_EQ(tail_.losses(), losses + 1) << "once";
}

class Streams : public testing::Test {
 protected:
  Streams() {
    options_.nats.servers = {server_.address()};
    options_.nats.backoff_max = absl::Milliseconds(200);
    options_.tail_heartbeat = absl::Milliseconds(200);
    options_.tail_linger = absl::Milliseconds(100);
  }
  EventLog& Make() {
    log_ = MakeJetStreamEventLog(options_).value();
    log_->Start(&tail_);
    return *log_;
  }
  void AwaitFollowing(const std::string& topic, ShardIndex shard) {
    ASSERT_TRUE(Eventually([&] { return log_->Follow(topic, shard).has_value(); }));
  }
  // Whether as many consumers follow the stream.
  bool HasTails(const std::string& stream, size_t count) {
    const std::string names = server_.Ask("$JS.API.CONSUMER.NAMES." + stream);
    size_t found = 0;
    for (size_t at = 0; (at = names.find("tail-", at)) != std::string::npos; ++at) ++found;
    return found == count;
  }

  NatsServer server_;
  JetStreamEventLogOptions options_;
  TailNotes tail_;
  std::unique_ptr<EventLog> log_;
};

TEST_F(Streams, AreFollowedWhileSomebodyFollowsATopicInThem) {
  options_.streams = 2;
  EventLog& log = Make();
  std::string there = "a";
  while (log.PartitionOf(there) != 0) ++there[0];
  std::string elsewhere = "a";
  while (log.PartitionOf(elsewhere) != 1) ++elsewhere[0];
  EXPECT_TRUE(HasTails("SLUICE_0", 0));
  EXPECT_FALSE(log.Follow(there, 0)) << "nobody followed the stream";
  EXPECT_TRUE(tail_.AwaitLosses(1));
  EXPECT_TRUE(log.Follow(there, 0));
  EXPECT_TRUE(Eventually([&] { return HasTails("SLUICE_0", 1); }));
  EXPECT_TRUE(HasTails("SLUICE_1", 0));
  // A stream that nobody follows takes appends and reads.
  const EventId id = Append(log, {MakeEvent(elsewhere, "1")}).value().front().id;
  EXPECT_EQ(id.epoch, log.epoch(1));
  const ReadResult read = Read(log, {.topic = elsewhere, .start = Earliest{}}).value();
  EXPECT_THAT(Data(read.events), ElementsAre("1"));
  EXPECT_EQ(read.complete_through, id.offset);
  const ReadResult newest = Read(log, {.topic = elsewhere, .start = Latest{}}).value();
  EXPECT_EQ(newest.after, id.offset) << "it is asked for";
  EXPECT_TRUE(Read(log, {.topic = elsewhere, .start = AfterId{id}}).value().found);
  EXPECT_TRUE(log.Health(1).ok());
  log.Unfollow(there, 0);
  EXPECT_TRUE(Eventually([&] { return HasTails("SLUICE_0", 0); }));
  EXPECT_FALSE(log.Follow(there, 0));
  AwaitFollowing(there, 0);
  AppendOne(log, MakeEvent(there, "2"));
  EXPECT_THAT(Data(tail_.Await(0, 1)), ElementsAre("2"));
}

TEST_F(Streams, AnswerForARequestThatLiesInSeveral) {
  options_.streams = 5;
  EventLog& log = Make();
  std::vector<Event> events;
  for (int i = 0; i < 20; ++i) events.push_back(MakeEvent("t/" + std::to_string(i), "x"));
  const std::vector<AppendResult> results = Append(log, events).value();
  ASSERT_EQ(results.size(), events.size());
  for (size_t i = 0; i < events.size(); ++i) {
    const ReadResult read = Read(log, {.topic = events[i].topic, .start = Earliest{}}).value();
    ASSERT_EQ(read.events.size(), 1u);
    EXPECT_EQ(read.events.front()->id(), results[i].id);
  }
}

TEST_F(Streams, LeaveNoConsumersBehindWhenTheServerWasAway) {
  Make();
  AwaitFollowing("a/1", 0);
  for (int i = 0; i < 3; ++i) {
    server_.Freeze();
    ASSERT_TRUE(Eventually([&] { return !log_->Health().ok(); }));
    server_.Thaw();
    ASSERT_TRUE(Eventually([&] { return log_->Health().ok(); }));
  }
  EXPECT_TRUE(Eventually([&] { return HasTails("SLUICE", 1); }));
  AppendOne(*log_, MakeEvent("a/1", "1"));
  EXPECT_THAT(Data(tail_.Await(0, 1)), ElementsAre("1"));
}

// A stored message that looks like the server's own words.
TEST_F(Streams, TakeNoStoredMessageForTheServersWords) {
  Make();
  AwaitFollowing("a/1", 0);
  const size_t losses = tail_.losses();
  NatsConnection::Callbacks callbacks;
  callbacks.message = [](const NatsMessage&) {};
  callbacks.connected = callbacks.disconnected = [] {};
  callbacks.closed = [](const std::string&) {};
  const auto stranger = NatsConnection::Open(options_.nats, {}, std::move(callbacks)).value();
  ASSERT_TRUE(
      stranger
          ->Publish("sluice.kept.a.1", "", {{"Status", "100"}, {"Nats-Last-Consumer", "77"}}, "")
          .ok());
  AppendOne(*log_, MakeEvent("a/1", "1"));
  EXPECT_THAT(Data(tail_.Await(0, 1)), ElementsAre("1"));
  EXPECT_EQ(tail_.losses(), losses);
  const std::string tails = server_.Ask("$JS.API.CONSUMER.NAMES.SLUICE");
  EXPECT_THAT(tails, testing::ContainsRegex("tail-[0-9a-f]*-0-[12]\"")) << "no attempt more";
}

// Machines that lost power together, before the newest messages were on their disks.
TEST_F(Streams, GetNewIdsWhenTheyHaveLostTheirNewestMessages) {
  EventLog& log = Make();
  AwaitFollowing("a/1", 0);
  AppendOne(log, MakeEvent("a/1", "1"));
  server_.Kill();
  server_.SaveStore();
  server_.Start();
  ASSERT_TRUE(Eventually([&] { return Append(log, {MakeEvent("a/1", "2")}).ok(); }));
  const EventId lost = Append(log, {MakeEvent("a/1", "3")}).value().front().id;
  ASSERT_EQ(tail_.Await(0, 3).size(), 3u);
  const size_t losses = tail_.losses();
  server_.Kill();
  server_.RestoreStore();
  server_.Start();
  EXPECT_TRUE(tail_.AwaitLosses(losses + 1));
  EXPECT_NE(log.epoch(0), lost.epoch);
  const ReadResult read = Read(log, {.topic = "a/1", .start = AfterId{lost}}).value();
  EXPECT_FALSE(read.found);
  EXPECT_THAT(Data(read.events), ElementsAre("1"));
  ASSERT_TRUE(Eventually([&] { return Append(log, {MakeEvent("a/1", "new")}).ok(); }));
  const StoredEventPtr told = tail_.Await(0, 4).back();
  EXPECT_EQ(told->data(), "new");
  EXPECT_GT(told->offset(), lost.offset);
  // Every bridge says so.
  const std::unique_ptr<EventLog> other = MakeJetStreamEventLog(options_).value();
  TailNotes other_tail;
  other->Start(&other_tail);
  EXPECT_EQ(other->epoch(0), log.epoch(0));
}

}  // namespace
}  // namespace sluice

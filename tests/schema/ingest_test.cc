#include "bridge/schema/ingest.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include "sluice/v1/publisher.pb.h"
#include "tests/fakes/fake_clock.h"
#include "tests/schema/test_schema.h"

namespace sluice {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class IngestTest : public testing::Test {
 protected:
  absl::StatusOr<std::vector<Event>> Take(const std::string& text) {
    v1::PublishRequest request;
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &request)) << text;
    return ingest_.Take(request.events());
  }
  // One event that is right but for `fields`.
  absl::StatusOr<std::vector<Event>> TakeWith(const std::string& fields) {
    return Take("events { topic: 'a' text: 't' " + fields + " }");
  }

  std::shared_ptr<const SchemaRegistry> schema_ = ChatSchema();
  JsonTranscoder transcoder_{schema_};
  FakeClock clock_;
  Ingest ingest_{transcoder_, clock_, 3};
};

std::string Quoted(size_t length) { return "'" + std::string(length, 'x') + "'"; }

std::string Attributes(int count) {
  std::string text;
  for (int i = 0; i < count; ++i) {
    text += "attributes { key: 'k" + std::to_string(i) + "' value: 'v' } ";
  }
  return text;
}

TEST_F(IngestTest, TakesAnEventWhole) {
  const auto events = Take(R"(events {
      topic: 'conversation/42' id: 'msg-1' type: 'token' raw_json: ' { "a" : 1.0 } '
      attributes { key: 'b' value: '2' } attributes { key: 'a' value: '1' }
      time { seconds: 5 nanos: 7 } retry { seconds: 2 nanos: 5000000 } end_of_stream: true })");
  ASSERT_TRUE(events.ok()) << events.status();
  const Event& event = events->front();
  EXPECT_EQ(event.topic, "conversation/42");
  EXPECT_EQ(event.publisher_id, "msg-1");
  EXPECT_EQ(event.type, "token");
  EXPECT_EQ(event.data, R"({"a":1.0})");
  EXPECT_EQ(event.attributes, (sluice::Attributes{{"a", "1"}, {"b", "2"}}));
  EXPECT_EQ(event.time, absl::FromUnixSeconds(5) + absl::Nanoseconds(7));
  EXPECT_EQ(event.retry_ms, 2005u);
  EXPECT_TRUE(event.end_of_stream);
  EXPECT_FALSE(event.transient);
}

TEST_F(IngestTest, NamesTheTypeAfterTheMessageWhenThePublisherDoesNot) {
  v1::PublishRequest request;
  v1::Event* event = request.add_events();
  event->set_topic("a");
  *event->mutable_message() = MakeAny(*schema_, "acme.chat.v1.TokenAdded", "token: 'x'");
  EXPECT_EQ(ingest_.Take(request.events())->front().type, "token_added");
  event->set_type("own");
  EXPECT_EQ(ingest_.Take(request.events())->front().type, "own");
  event->clear_type();
  event->set_text("x");
  EXPECT_EQ(ingest_.Take(request.events())->front().type, "");
}

TEST_F(IngestTest, GivesTheTimeOfReceiptWhenThePublisherGivesNone) {
  EXPECT_EQ(TakeWith("")->front().time, clock_.Now());
}

TEST_F(IngestTest, TakesWhatIsJustInsideEachBound) {
  for (const std::string& fields :
       {"id: " + Quoted(128), "type: " + Quoted(128), Attributes(16),
        "attributes { key: " + Quoted(64) + " value: " + Quoted(256) + " }",
        std::string("retry { seconds: 86400 }"), std::string("retry {}"),
        std::string("time { seconds: -62135596800 }"),
        std::string("time { seconds: 253402300799 nanos: 999999999 }"),
        std::string("transient: true")}) {
    EXPECT_TRUE(TakeWith(fields).ok()) << fields << TakeWith(fields).status();
  }
  EXPECT_TRUE(Take("events { topic: 'a' retry { seconds: 1 } }").ok());
  EXPECT_TRUE(Take("events { topic: 'a' end_of_stream: true }").ok());
  EXPECT_TRUE(Take("events { topic: 'a' text: '' }").ok());
  EXPECT_EQ(Take("events { topic: 'a' end_of_stream: true }")->front().data, std::nullopt);
}

TEST_F(IngestTest, SaysWhatIsTextAndWhatIsJson) {
  EXPECT_TRUE(Take("events { topic: 'a' text: '{}' }")->front().data_is_text);
  EXPECT_FALSE(Take("events { topic: 'a' raw_json: '{}' }")->front().data_is_text);
  EXPECT_FALSE(Take("events { topic: 'a' json { string_value: 'x' } }")->front().data_is_text);
}

TEST_F(IngestTest, NamesTheFieldThatBreaksARule) {
  const struct {
    std::string fields, field;
  } rows[] = {
      {"topic: ''", "topic: is empty"},
      {"topic: 'a//b'", "topic: "},
      {"topic: 'a\\nb'", "topic: "},
      {"topic: " + Quoted(256), "topic: "},
      {"topic: 'a/b/c/d/e/f/g/h/i'", "topic: "},
      {"topic: 'user/{subject}'", "topic: may not hold {subject}"},
      {"id: " + Quoted(129), "id: is longer than 128 bytes"},
      {"id: 'sluice:1'", "id: begins with \"sluice:\""},
      {"id: 'a\\tb'", "id: is not printable ASCII"},
      {"id: '\xc3\xa4'", "id: is not printable ASCII"},
      {"type: 'a\\nb'", "type: holds CR, LF or NUL"},
      {"type: 'a\\rb'", "type: holds CR, LF or NUL"},
      {"type: 'a\\000b'", "type: holds CR, LF or NUL"},
      {"type: " + Quoted(129), "type: is longer than 128 bytes"},
      {Attributes(17), "attributes: are more than 16"},
      {"attributes { key: '' value: 'v' }", "attributes: has an empty key"},
      {"attributes { key: " + Quoted(65) + " value: 'v' }", "attributes: has a key longer"},
      {"attributes { key: 'k' value: " + Quoted(257) + " }", "attributes: has a value longer"},
      {"attributes { key: 'k\\n' value: 'v' }", "attributes: holds a control character"},
      {"attributes { key: 'k' value: 'v\\n' }", "attributes: holds a control character"},
      {"time { seconds: 253402300800 }", "time: "},
      {"time { seconds: -62135596801 }", "time: "},
      {"time { nanos: -1 }", "time: "},
      {"time { nanos: 1000000000 }", "time: "},
      {"retry { seconds: -1 }", "retry: is not between"},
      {"retry { seconds: 86400 nanos: 1000000 }", "retry: is not between"},
      {"retry { seconds: 9223372036854775807 }", "retry: is not between"},
      {"retry { nanos: -1000000 }", "retry: is not between"},
      {"retry { nanos: 1000000000 }", "retry: is not between"},
      {"retry { nanos: 1500 }", "retry: is not in whole milliseconds"},
      {"transient: true end_of_stream: true", "transient: "},
      {"raw_json: '{'", "raw_json: is not JSON at byte 2"},
      {"json { number_value: nan }", "json: "},
      {"json {}", "json: "},
      {"message { type_url: 'x/acme.Unknown' }", "message: "},
      {"text: 'a\\000b'", "text: holds a NUL"},
  };
  for (const auto& row : rows) {
    // (The last of two of a field counts.)
    v1::PublishRequest request;
    v1::Event* event = request.add_events();
    event->set_topic("a");
    event->set_text("t");
    google::protobuf::TextFormat::Parser parser;
    ASSERT_TRUE(parser.MergeFromString(row.fields, event)) << row.fields;
    const auto events = ingest_.Take(request.events());
    ASSERT_FALSE(events.ok()) << row.fields;
    EXPECT_EQ(events.status().code(), absl::StatusCode::kInvalidArgument) << row.fields;
    EXPECT_THAT(std::string(events.status().message()), StartsWith("events[0]." + row.field))
        << row.fields;
  }
}

TEST_F(IngestTest, RefusesAnEventWithNothingToSay) {
  EXPECT_THAT(std::string(Take("events { topic: 'a' }").status().message()),
              StartsWith("events[0].payload: "));
}

TEST_F(IngestTest, BoundsTheNumberOfEvents) {
  EXPECT_THAT(std::string(Take("").status().message()), StartsWith("events: "));
  const std::string event = "events { topic: 'a' text: 't' } ";
  EXPECT_EQ(Take(event + event + event)->size(), 3u);
  const auto four = Take(event + event + event + event);
  EXPECT_EQ(four.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(four.status().message()), HasSubstr("limits.events_per_publish"));
}

TEST_F(IngestTest, NamesTheEventAndTakesNone) {
  const auto events = Take("events { topic: 'a' text: 't' } events { topic: '' text: 't' }");
  EXPECT_EQ(events.status().message(), "events[1].topic: is empty");
}

}  // namespace
}  // namespace sluice

// Events as bytes: what is stored comes back, and nothing else becomes an event.
#include "bridge/event_log/record.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/escaping.h"
#include "sluice/event_log/v1/record.pb.h"
#include "tests/fakes/events.h"

namespace sluice {
namespace {

using testing::HasSubstr;

Event WholeEvent() {
  Event event = MakeEvent("chat/1", R"({"text":"hi"})", "token");
  event.publisher_id = "m1";
  event.attributes = {{"from", "ada"}, {"room", "7"}};
  event.time = absl::FromUnixMillis(-62'135'596'800'000) + absl::Nanoseconds(1);  // year 1
  event.retry_ms = 2500;
  event.end_of_stream = true;
  return event;
}

void ExpectSame(const Event& left, const Event& right) {
  EXPECT_EQ(left.topic, right.topic);
  EXPECT_EQ(left.publisher_id, right.publisher_id);
  EXPECT_EQ(left.type, right.type);
  EXPECT_EQ(left.data, right.data);
  EXPECT_EQ(left.data_is_text, right.data_is_text);
  EXPECT_EQ(left.attributes, right.attributes);
  EXPECT_EQ(left.time, right.time);
  EXPECT_EQ(left.retry_ms, right.retry_ms);
  EXPECT_EQ(left.end_of_stream, right.end_of_stream);
}

TEST(Record, GivesBackTheWholeEvent) {
  ExpectSame(DecodeRecord(EncodeRecord(WholeEvent())).value(), WholeEvent());
}

TEST(Record, TellsNoDataFromEmptyData) {
  Event event = MakeEvent("chat/1", "");
  ExpectSame(DecodeRecord(EncodeRecord(event)).value(), event);
  event.data.reset();
  ExpectSame(DecodeRecord(EncodeRecord(event)).value(), event);
}

TEST(Record, KeepsTheLinesOfText) {
  Event event = MakeEvent("chat/1", "one\ntwo");
  event.data_is_text = true;
  ExpectSame(DecodeRecord(EncodeRecord(event)).value(), event);
}

struct Hostile {
  const char* name;
  std::function<void(event_log::v1::Record&)> change;
  const char* named;
};

class HostileRecord : public testing::TestWithParam<Hostile> {};

TEST_P(HostileRecord, IsDataLossThatNamesTheField) {
  event_log::v1::Record record;
  record.ParseFromString(EncodeRecord(WholeEvent()));
  GetParam().change(record);
  const absl::StatusOr<Event> event = DecodeRecord(record.SerializeAsString());
  ASSERT_EQ(event.status().code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(event.status().message()), HasSubstr(GetParam().named));
}

INSTANTIATE_TEST_SUITE_P(
    Record, HostileRecord,
    testing::Values(
        Hostile{"Topic", [](auto& r) { r.set_topic("a/../\n"); }, "topic"},
        Hostile{"NoTopic", [](auto& r) { r.clear_topic(); }, "topic"},
        Hostile{"Id", [](auto& r) { r.set_publisher_id("1\nevent: x"); }, "publisher_id"},
        Hostile{"Type", [](auto& r) { r.set_type("a\r\ndata: x"); }, "type"},
        Hostile{"Data", [](auto& r) { r.set_data("{}\n\ndata: {}"); }, "data"},
        Hostile{"Text",
                [](auto& r) {
                  r.set_data_is_text(true);
                  r.set_data("a\rb");
                },
                "data"},
        Hostile{"Attribute", [](auto& r) { r.mutable_attributes(0)->set_value("\x01"); },
                "attributes"},
        Hostile{"Order", [](auto& r) { r.mutable_attributes()->SwapElements(0, 1); },
                "attributes"}),
    [](const auto& hostile) { return std::string(hostile.param.name); });

TEST(Record, OfBytesThatAreNoneIsDataLoss) {
  EXPECT_EQ(DecodeRecord("\xff\xff").status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(DecodeRecord("").status().code(), absl::StatusCode::kDataLoss);
}

TEST(ContentDigest, IsOfTheContentAlone) {
  const ContentDigest digest = DigestContent(WholeEvent());
  Event event = WholeEvent();
  event.topic = "chat/2";
  event.publisher_id = "m2";
  event.time += absl::Seconds(1);
  EXPECT_EQ(DigestContent(event), digest);
  for (const auto& change : std::vector<std::function<void(Event&)>>{
           [](Event& e) { e.type = "other"; }, [](Event& e) { e.data = "{}"; },
           [](Event& e) { e.data.reset(); }, [](Event& e) { e.data_is_text = true; },
           [](Event& e) { e.attributes[0].second = "bob"; }, [](Event& e) { e.retry_ms.reset(); },
           [](Event& e) { e.transient = true; }, [](Event& e) { e.end_of_stream = false; }}) {
    Event other = WholeEvent();
    change(other);
    EXPECT_NE(DigestContent(other), digest);
  }
}

// It is compared with what another version has stored.
TEST(ContentDigest, StaysWhatItWas) {
  const ContentDigest digest = DigestContent(WholeEvent());
  EXPECT_EQ(absl::BytesToHexString(std::string(digest.begin(), digest.begin() + 4)), "d584e34d");
}

}  // namespace
}  // namespace sluice

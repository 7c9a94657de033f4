// What becomes of an annotated message that is published.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bridge/schema/ingest.h"
#include "sluice/v1/publisher.pb.h"
#include "tests/fakes/fake_clock.h"
#include "tests/schema/test_schema.h"

namespace sluice {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

std::shared_ptr<SchemaRegistry> AnnotatedSchema() {
  auto schema = SchemaRegistry::Load({ANNOTATED_DESCRIPTOR_SET}, {});
  EXPECT_TRUE(schema.ok()) << schema.status();
  return *schema;
}

class TypedIngest : public testing::Test {
 protected:
  // An event of acme.events.v1.`type`, from protobuf's text format.
  v1::Event* Add(const std::string& type, const std::string& text) {
    v1::Event* event = request_.add_events();
    event->set_topic("a");
    *event->mutable_message() = MakeAny(*schema_, "acme.events.v1." + type, text);
    return event;
  }
  absl::StatusOr<Event> Take() {
    auto events = ingest_.Take(request_.events());
    if (!events.ok()) return events.status();
    return events->front();
  }
  std::string Refusal() { return std::string(Take().status().message()); }

  const std::shared_ptr<SchemaRegistry> schema_ = AnnotatedSchema();
  const JsonTranscoder transcoder_{schema_};
  const FakeClock clock_;
  const Ingest ingest_{transcoder_, clock_, 3};
  v1::PublishRequest request_;
};

TEST_F(TypedIngest, TakesTypeAndEndFromTheAnnotation) {
  Add("Done", "reason: 'stop'");
  const auto event = Take();
  ASSERT_TRUE(event.ok()) << event.status();
  EXPECT_EQ(event->type, "done");
  EXPECT_TRUE(event->end_of_stream);
  EXPECT_EQ(event->data, R"({"reason":"stop"})");
}

TEST_F(TypedIngest, LetsThePublishersTypeWin) {
  Add("Done", "")->set_type("finished");
  const auto event = Take();
  ASSERT_TRUE(event.ok()) << event.status();
  EXPECT_EQ(event->type, "finished");
  EXPECT_TRUE(event->end_of_stream);
}

TEST_F(TypedIngest, EndsTheStreamWhenThePublisherSaysSo) {
  Add("Token", "text: 'x'")->set_end_of_stream(true);
  const auto event = Take();
  ASSERT_TRUE(event.ok()) << event.status();
  EXPECT_EQ(event->type, "token");
  EXPECT_TRUE(event->end_of_stream);
}

TEST_F(TypedIngest, RefusesATransientEndThatOnlyTheAnnotationTellsOf) {
  Add("Done", "")->set_transient(true);
  EXPECT_THAT(Refusal(), StartsWith("events[0].transient: "));
  request_.Clear();
  Add("Update", "done {}")->set_transient(true);
  EXPECT_THAT(Refusal(), StartsWith("events[0].transient: "));
}

TEST_F(TypedIngest, MakesTheSetFieldOfAOneofTheEvent) {
  Add("Update", "trace: 'left out' this: 'too' tool_call { name: 'search' }");
  const auto event = Take();
  ASSERT_TRUE(event.ok()) << event.status();
  EXPECT_EQ(event->type, "tool_call");
  EXPECT_EQ(event->data, R"({"name":"search"})");
  EXPECT_FALSE(event->end_of_stream);
}

TEST_F(TypedIngest, MakesAFieldThatIsNoMessageTheEvent) {
  Add("Update", "note: 'a \"note\"'");
  const auto event = Take();
  ASSERT_TRUE(event.ok()) << event.status();
  EXPECT_EQ(event->type, "note");
  EXPECT_EQ(event->data, R"("a \"note\"")");
}

TEST_F(TypedIngest, EndsTheStreamWhereTheFieldsMessageDoes) {
  Add("Update", "done { reason: 'stop' }")->set_type("mine");
  const auto event = Take();
  ASSERT_TRUE(event.ok()) << event.status();
  EXPECT_EQ(event->type, "mine");
  EXPECT_TRUE(event->end_of_stream);
  EXPECT_EQ(event->data, R"({"reason":"stop"})");
}

// As protobuf has it: of a oneof's fields on the wire, the last counts.
TEST_F(TypedIngest, TakesTheLastOfSeveralFieldsOfTheOneof) {
  v1::Event* event = Add("Update", "tool_call { name: 'first' }");
  event->mutable_message()->mutable_value()->append(
      MakeAny(*schema_, "acme.events.v1.Update", "token { text: 'last' }").value());
  const auto taken = Take();
  ASSERT_TRUE(taken.ok()) << taken.status();
  EXPECT_EQ(taken->type, "token");
  EXPECT_EQ(taken->data, R"({"text":"last"})");
}

TEST_F(TypedIngest, RefusesAOneofOfWhichNoneIsSet) {
  Add("Plain", "text: 'fine'");
  Add("Update", "trace: 'x' this: 'y'");
  EXPECT_THAT(Refusal(), testing::AllOf(StartsWith("events[1].message: "), HasSubstr("kind")));
}

TEST_F(TypedIngest, RefusesBytesThatAreNotOfTheType) {
  Add("Update", "note: 'x'")->mutable_message()->set_value("\x12\x7f");
  EXPECT_THAT(Refusal(), StartsWith("events[0].message: "));
}

}  // namespace
}  // namespace sluice

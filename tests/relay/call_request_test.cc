#include "bridge/relay/call_request.h"

#include <gmock/gmock.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/dynamic_message.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "bridge/relay/metadata.h"
#include "bridge/schema/schema_registry.h"

namespace sluice {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;
using Headers = std::vector<std::pair<std::string, std::string>>;

class CallRequestTest : public testing::Test {
 protected:
  static SchemaPtr LoadSchema() {
    auto registry = SchemaRegistry::Load({ASSISTANT_DESCRIPTOR_SET}, {});
    EXPECT_TRUE(registry.ok()) << registry.status();
    return (*registry)->current();
  }

  absl::StatusOr<CallRequest> Build() {
    const auto target = RequestTarget::Parse("/ask?" + query_);
    EXPECT_TRUE(target.ok()) << target.status();
    const RouteMatch match{&route_, captures_};
    return BuildCallRequest(policy_, *schema_, limits_,
                            {match, *target, {"token"}, body_, subject_, headers_});
  }
  // The request message in protobuf's text format, or what is wrong.
  std::string Message() {
    const auto request = Build();
    if (!request.ok()) return request.status().ToString();
    google::protobuf::DynamicMessageFactory factory(&schema_->pool());
    const std::unique_ptr<google::protobuf::Message> message(
        factory.GetPrototype(schema_->Find("acme.assistant.v1.AskRequest")->descriptor)->New());
    EXPECT_TRUE(message->ParseFromString(request->message));
    return message->ShortDebugString();
  }
  std::string MessageOf(std::string query, std::string body = "") {
    query_ = std::move(query);
    body_ = std::move(body);
    return Message();
  }
  // What a client is told with 400.
  std::string RefusalOf(std::string query, std::string body = "") {
    query_ = std::move(query);
    body_ = std::move(body);
    const absl::Status status = Build().status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << query_ << " " << body_;
    return std::string(status.message());
  }

  SchemaPtr schema_ = LoadSchema();
  JsonOptions limits_;
  Route route_;
  CallPolicy policy_{.backend = "assistant", .method = "acme.assistant.v1.Assistant/Ask"};
  Captures captures_;
  std::string query_;
  std::string body_;
  std::string subject_;
  Headers headers_;
};

TEST_F(CallRequestTest, NamesBackendMethodAndDeadline) {
  policy_.deadline = absl::Seconds(7);
  const auto request = Build();
  ASSERT_TRUE(request.ok()) << request.status();
  EXPECT_EQ(request->backend, "assistant");
  EXPECT_EQ(request->method, "acme.assistant.v1.Assistant/Ask");
  EXPECT_EQ(request->deadline, absl::Seconds(7));
  EXPECT_EQ(request->message, "");
}

TEST_F(CallRequestTest, ReadsEveryKindOfFieldFromText) {
  EXPECT_EQ(MessageOf("conversation_id=a%20b&limit=-5&since=9223372036854775807&verbose=true"),
            R"(conversation_id: "a b" limit: -5 since: 9223372036854775807 verbose: true)");
  EXPECT_EQ(MessageOf("temperature=0.5&image=aGk%3D&tone=TONE_KIND&otherName=n"),
            R"(temperature: 0.5 image: "hi" tone: TONE_KIND named: "n")");
  EXPECT_EQ(MessageOf("tags=a&limit=1&tags=b"), R"(limit: 1 tags: "a" tags: "b")");
  EXPECT_EQ(MessageOf("tags=a"), R"(tags: "a")");
  EXPECT_EQ(MessageOf("at=2024-01-01T00:00:00Z&within=1.5s&page=3"),
            "at { seconds: 1704067200 } within { seconds: 1 nanos: 500000000 } page { value: 3 }");
  EXPECT_EQ(MessageOf("mask=a,bC&extra=x"),
            R"(extra { string_value: "x" } mask { paths: "a" paths: "b_c" })");
  EXPECT_EQ(MessageOf("conversationId=json&number=4"), R"(conversation_id: "json" number: 4)");
}

TEST_F(CallRequestTest, ReachesIntoMessagesByDots) {
  EXPECT_EQ(MessageOf("options.depth=3&options.inner.weights=1&options.inner.weights=2"),
            "options { depth: 3 inner { weights: 1 weights: 2 } }");
}

TEST_F(CallRequestTest, CapturesWinOverParametersAndThoseOverTheBody) {
  captures_ = {{"conversation_id", "captured"}};
  EXPECT_EQ(MessageOf("conversationId=queried&limit=2&options.depth=2",
                      R"({"conversationId":"b","limit":1,"since":"9","otherName":"n",
                          "options":{"depth":1,"weights":[7]},"labels":{"k":"v"}})"),
            R"(conversation_id: "captured" limit: 2 since: 9 options { depth: 2 weights: 7 } )"
            R"(labels { key: "k" value: "v" } named: "n")");
}

TEST_F(CallRequestTest, LeavesReservedParametersOut) {
  EXPECT_EQ(MessageOf("token=secret&limit=1"), "limit: 1");
}

TEST_F(CallRequestTest, NamesTheParameterThatDoesNotFit) {
  EXPECT_EQ(RefusalOf("nope=1"),
            R"(query parameter "nope": acme.assistant.v1.AskRequest has no such field)");
  EXPECT_EQ(RefusalOf("options.nope=1"),
            R"(query parameter "options.nope": acme.assistant.v1.Options has no such field)");
  EXPECT_EQ(RefusalOf("limit=many"), R"(limit: "many" does not fit the type int32)");
  EXPECT_EQ(RefusalOf("limit=99999999999"), R"(limit: "99999999999" does not fit the type int32)");
  EXPECT_EQ(RefusalOf("tone=WARM"), R"(tone: "WARM" does not fit the type acme.assistant.v1.Tone)");
  EXPECT_EQ(RefusalOf("image=!!"), R"(image: "!!" does not fit the type bytes)");
  EXPECT_EQ(RefusalOf("at=yesterday"), "at: Invalid time format: yesterday");
  EXPECT_EQ(RefusalOf("limit=1&limit=2"),
            R"(query parameter "limit": is given 2 times, but takes one value)");
  EXPECT_EQ(RefusalOf("verbose=yes"), R"(query parameter "verbose": is neither true nor false)");
  EXPECT_THAT(RefusalOf("options=x"), HasSubstr("name a field inside it"));
  EXPECT_THAT(RefusalOf("labels=x"), HasSubstr("is a map"));
  EXPECT_THAT(RefusalOf("labels.a=x"), HasSubstr("labels"));
  EXPECT_THAT(RefusalOf("more.depth=1"), HasSubstr("more"));
  EXPECT_THAT(RefusalOf("conversation_id.x=1"), HasSubstr("conversation_id"));
  EXPECT_THAT(RefusalOf("text=a&number=1"), HasSubstr("oneof field 'what'"));
  EXPECT_THAT(RefusalOf("options..depth=1"), HasSubstr("no such field"));
  EXPECT_THAT(RefusalOf("=1"), HasSubstr("no such field"));
}

TEST_F(CallRequestTest, NamesTheFieldOfTheBodyThatDoesNotFit) {
  EXPECT_EQ(RefusalOf("", R"({"nope":1})"), "nope: acme.assistant.v1.AskRequest has no such field");
  EXPECT_THAT(RefusalOf("", R"({"options":{"inner":{"nope":1}}})"),
              HasSubstr("options.inner.nope: "));
  EXPECT_EQ(RefusalOf("", R"({"more":[{"depth":1},{"depth":"z"}]})"),
            R"(more[1].depth: "z" does not fit the type uint32)");
  EXPECT_EQ(RefusalOf("", R"({"limit":[1]})"), "limit: takes one value, not a list");
  EXPECT_EQ(RefusalOf("", R"({"limit":{"a":1}})"), "limit: takes no object");
  EXPECT_EQ(RefusalOf("", R"({"limit":"a: invalid value for type x: "})"),
            R"(limit: "a: invalid value for type x: " does not fit the type int32)");
  EXPECT_EQ(RefusalOf("", "[1]"), "body: is not a JSON object");
  EXPECT_EQ(RefusalOf("", "{"), "body: is not JSON at byte 2");
  EXPECT_THAT(RefusalOf("", R"({"any":{"@type":"x/y","a":1}})"), HasSubstr("any: "));
}

TEST_F(CallRequestTest, BoundsWhatItTakes) {
  std::string deep = R"({"extra":)";
  for (int i = 0; i < 100; ++i) deep += "[";
  EXPECT_EQ(RefusalOf("", deep), "body: is nested deeper than 64 (limits.json_depth)");
  std::string path = "options";
  for (int i = 0; i < 2000; ++i) path += ".inner";
  EXPECT_THAT(RefusalOf(path + ".depth=1"), HasSubstr("is no field"));
  limits_.bytes_max = 1000;
  EXPECT_THAT(RefusalOf("", absl::StrCat(R"({"text":")", std::string(1000, 'x'), R"("})")),
              HasSubstr("limits.payload_bytes"));
  policy_.request = R"({"text":"{body.a}{body.a}{body.a}"})";
  EXPECT_THAT(RefusalOf("", absl::StrCat(R"({"a":")", std::string(500, 'x'), R"("})")),
              HasSubstr("limits.payload_bytes"));
  policy_.request.reset();
  limits_.bytes_max = 100'000;
  EXPECT_THAT(
      RefusalOf("", absl::StrCat(R"({"any":{"@type":"x/)", std::string(50'000, 'y'), R"("}})")),
      HasSubstr("@type: is longer than"));
  const std::string long_value =
      RefusalOf("", absl::StrCat(R"({"limit":")", std::string(10'000, 'y'), R"("})"));
  EXPECT_LT(long_value.size(), 300u);
}

TEST_F(CallRequestTest, FillsATemplate) {
  policy_.request = R"({
    "conversation_id": "chat-{id}-{query.part}-{body.n}-{subject}", "limit": "{body.n}",
    "tags": "{query.tag}", "extra": "{body.any.thing}", "settings": {"model": "{query.model}"},
    "text": "{body.text}", "verbose": true})";
  captures_ = {{"id", "7"}};
  subject_ = "ada";
  EXPECT_EQ(MessageOf("part=x&tag=a&tag=b&model=big&unknown=1",
                      R"({"n":3,"any":{"thing":[1,{"a":null}]},"text":"say \"{id}\"","more":1})"),
            R"(conversation_id: "chat-7-x-3-ada" limit: 3 verbose: true tags: "a" tags: "b" )"
            R"(extra { list_value { values { number_value: 1 } values { struct_value { fields )"
            R"({ key: "a" value { null_value: NULL_VALUE } } } } } } text: "say \"{id}\"" )"
            R"(settings { fields { key: "model" value { string_value: "big" } } })");
}

TEST_F(CallRequestTest, ATemplateTakesOneValueForAListToo) {
  policy_.request = R"({"tags": "{query.tag}"})";
  EXPECT_EQ(MessageOf("tag=a"), R"(tags: "a")");
}

TEST_F(CallRequestTest, NamesWhatATemplateMisses) {
  policy_.request = R"({"text": "{query.q}"})";
  EXPECT_EQ(RefusalOf("p=1"), R"(query parameter "q" is missing)");
  policy_.request = R"({"text": "{body.a.b}"})";
  EXPECT_EQ(RefusalOf("", R"({"a":1})"), R"(body: the field "a.b" is missing)");
  EXPECT_EQ(RefusalOf(""), R"(body: the field "a.b" is missing)");
  policy_.request = R"({"limit": "{query.n}"})";
  EXPECT_EQ(RefusalOf("n=many"), R"(limit: "many" does not fit the type int32)");
}

TEST_F(CallRequestTest, AnAnonymousSubjectIsEmpty) {
  policy_.request = R"({"conversation_id": "of {subject}"})";
  EXPECT_EQ(Message(), R"(conversation_id: "of ")");
}

TEST_F(CallRequestTest, ACaptureThatIsNoFieldServesTheTopicOrIsAFault) {
  captures_ = {{"tenant", "acme"}};
  const auto fault = Build();
  EXPECT_EQ(fault.status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(fault.status().message()), HasSubstr("{tenant}"));
  route_.topics = {"tenant/{tenant}"};
  EXPECT_EQ(Message(), "");
}

TEST_F(CallRequestTest, SendsSubjectTraceAndChosenHeaders) {
  policy_.metadata = {{"x-bridge", "sluice"}};
  policy_.headers = {"x-request-id", "x-blob-bin", "sluice-subject"};
  subject_ = "ada";
  headers_ = {{"x-request-id", "1"},         {"x-other", "no"},     {"x-request-id", "2"},
              {"traceparent", "00-ab-cd-1"}, {"tracestate", "a=1"}, {"x-blob-bin", "aGk"},
              {"sluice-subject", "eve"}};
  const auto request = Build();
  ASSERT_TRUE(request.ok()) << request.status();
  EXPECT_THAT(request->metadata,
              ElementsAre(Pair("x-bridge", "sluice"), Pair("sluice-subject", "ada"),
                          Pair("x-request-id", "1"), Pair("x-request-id", "2"),
                          Pair("traceparent", "00-ab-cd-1"), Pair("tracestate", "a=1"),
                          Pair("x-blob-bin", "hi")));
}

TEST_F(CallRequestTest, RefusesHeadersThatAreNoMetadata) {
  policy_.headers = {"x-name", "x-bin", "grpc-timeout"};
  headers_ = {{"x-name", "caf\xc3\xa9"}};
  EXPECT_EQ(RefusalOf(""), R"(header "x-name": is not printable ASCII)");
  headers_ = {{"x-bin", "!"}};
  EXPECT_THAT(RefusalOf(""), HasSubstr(R"(header "x-bin": is not base64)"));
  headers_ = {{"grpc-timeout", "1S"}};
  EXPECT_THAT(RefusalOf(""), HasSubstr(R"(header "grpc-timeout")"));
  // A broken trace context is nobody's fault.
  headers_ = {{"traceparent", "\xff"}};
  EXPECT_TRUE(Build().ok());
}

TEST_F(CallRequestTest, SaysWhatIsWrongWithAMethod) {
  for (const auto& [method, why] : std::vector<std::pair<std::string, std::string>>{
           {"acme.assistant.v1.Assistant/Nothing", "does not know the method"},
           {"acme.assistant.v1.Assistant/Answer", "does not answer with a stream"},
           {"acme.assistant.v1.Assistant/Talk", "takes a stream of requests"}}) {
    policy_.method = method;
    const absl::Status status = Build().status();
    EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
    EXPECT_THAT(std::string(status.message()), HasSubstr(why));
    EXPECT_THAT(std::string(status.message()), HasSubstr(method));
  }
}

TEST_F(CallRequestTest, BuildsASourcesRequest) {
  const auto request = BuildSourceRequest("assistant", "sluice.v1.EventSource/Watch",
                                          R"({"topics":["a","b"]})", *schema_);
  ASSERT_TRUE(request.ok()) << request.status();
  EXPECT_EQ(request->backend, "assistant");
  EXPECT_EQ(request->method, "sluice.v1.EventSource/Watch");
  EXPECT_EQ(request->message,
            "\x0a\x01"
            "a\x0a\x01"
            "b");
  const absl::Status bad =
      BuildSourceRequest("assistant", "sluice.v1.EventSource/Watch", R"({"topic":"a"})", *schema_)
          .status();
  EXPECT_EQ(bad,
            absl::InvalidArgumentError("request.topic: sluice.v1.WatchRequest has no such field"));
}

TEST(MetadataTest, TakesWhatGrpcTakes) {
  EXPECT_TRUE(IsMetadata("x-a_b.c9", "any ~ text"));
  EXPECT_TRUE(IsMetadata("x-bin", std::string_view("\0\xff", 2)));
  EXPECT_FALSE(IsMetadata("x", "tab\t"));
  EXPECT_FALSE(IsMetadata(std::string(1000, 'a'), ""));
}

}  // namespace
}  // namespace sluice

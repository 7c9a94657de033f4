// Publishes of a type that nobody knew before.
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/text_format.h>

#include <future>
#include <mutex>
#include <thread>

#include "grpc/reflection/v1/reflection.grpc.pb.h"
#include "tests/rpc/raw_call.h"
#include "tests/rpc/rpc_fixture.h"

namespace sluice {
namespace {

using grpc::StatusCode;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

class UnknownTypeTest : public RpcFixture {
 protected:
  // Asked for a type, the finder offers a file with it when it is one of acme.late.
  explicit UnknownTypeTest(const JsonOptions& options = {}) : RpcFixture(options) {
    schema_->SetFinder([this](const std::string& type, std::function<void()> done) {
      {
        const std::lock_guard lock(mutex_);
        asked_.push_back(type);
      }
      std::thread([this, type, done = std::move(done)] {
        if (held_) release_.get_future().wait();
        if (type.starts_with("acme.late.")) Offer(type.substr(10));
        done();
        ++answered_;
      }).detach();
    });
  }
  ~UnknownTypeTest() override {
    WaitUntil([this] { return answered_ == asked().size(); });
  }

  void Offer(const std::string& name) {
    auto set = std::make_shared<google::protobuf::FileDescriptorSet>();
    auto* file = set->add_file();
    file->set_name(name + ".proto");
    file->set_package("acme.late");
    auto* field = file->add_message_type();
    field->set_name(name);
    auto* text = field->add_field();
    text->set_name("text");
    text->set_number(1);
    text->set_type(google::protobuf::FieldDescriptorProto::TYPE_STRING);
    text->set_label(google::protobuf::FieldDescriptorProto::LABEL_OPTIONAL);
    EXPECT_TRUE(schema_->Offer("backend " + name, set).ok());
  }
  std::vector<std::string> asked() {
    const std::lock_guard lock(mutex_);
    return asked_;
  }

  template <typename Request = v1::PublishRequest>
  static Request Typed(std::initializer_list<std::string> types) {
    Request request;
    for (const std::string& type : types) {
      v1::Event* event = request.add_events();
      event->set_topic("a");
      event->mutable_message()->set_type_url("type.googleapis.com/" + type);
      event->mutable_message()->set_value("\n\2hi");
    }
    return request;
  }
  std::vector<std::string> Stored() {
    std::promise<std::vector<std::string>> stored;
    log_->Read({.topic = "a", .start = Earliest{}}, [&stored](
                                                        const absl::StatusOr<ReadResult>& result) {
      std::vector<std::string> events;
      for (const auto& event : result->events) {
        events.push_back(event->event().type + " " + std::string(event->data().value_or("none")));
      }
      stored.set_value(std::move(events));
    });
    return stored.get_future().get();
  }

  std::atomic<bool> held_{false};
  std::promise<void> release_;
  std::atomic<size_t> answered_{0};
  std::mutex mutex_;
  std::vector<std::string> asked_;
};

TEST_F(UnknownTypeTest, IsLookedForAndPublishedWhenFound) {
  Start();
  PublishOne(Typed({"acme.late.NewThing"}));
  PublishOne(Typed({"acme.late.NewThing"}));
  EXPECT_THAT(asked(), ElementsAre("acme.late.NewThing"));
  EXPECT_THAT(Stored(), ElementsAre("new_thing {\"text\":\"hi\"}", "new_thing {\"text\":\"hi\"}"));
  EXPECT_EQ(metrics_.publishes_refused, 0u);
}

TEST_F(UnknownTypeTest, IsRefusedWithTypeAndIndexWhenNotFoundAndNothingIsStored) {
  Start();
  v1::PublishResponse response;
  const grpc::Status status =
      Publish(Typed({"acme.chat.v1.TokenAdded", "acme.never.Nothing"}), &response);
  EXPECT_EQ(status.error_code(), StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(),
              AllOf(StartsWith("events[1].message: "), HasSubstr("\"acme.never.Nothing\"")));
  EXPECT_EQ(log_->head(0), 0u);
  EXPECT_EQ(metrics_.publishes_refused, 1u);
}

TEST_F(UnknownTypeTest, IsLookedForOnceForEachTypeOfARequest) {
  Start();
  PublishOne(Typed({"acme.late.A", "acme.late.B", "acme.late.A", "acme.late.C"}));
  EXPECT_THAT(asked(), ElementsAre("acme.late.A", "acme.late.B", "acme.late.C"));
  EXPECT_EQ(log_->head(0), 4u);
}

TEST_F(UnknownTypeTest, IsLookedForAFewTimesForOneRequest) {
  Start();
  const auto request =
      Typed({"acme.late.A", "acme.late.B", "acme.late.C", "acme.late.D", "acme.late.E",
             "acme.late.F", "acme.late.G", "acme.late.H", "acme.late.I", "acme.late.J"});
  v1::PublishResponse response;
  EXPECT_THAT(Publish(request, &response).error_message(), StartsWith("events[8].message: "));
  EXPECT_EQ(asked().size(), 8u);
  EXPECT_EQ(log_->head(0), 0u);
  EXPECT_TRUE(Publish(request, &response).ok());  // all but two are known by now
}

TEST_F(UnknownTypeTest, IsNotPublishedWhenAccessIsTakenBackWhileItIsLookedFor) {
  options_.authorize_publishing = true;
  held_ = true;
  Start();
  grpc::Status status;
  std::thread publishing([&] {
    v1::PublishResponse response;
    status = Publish(Typed({"acme.late.NewThing"}), &response);
  });
  WaitUntil([this] { return !asked().empty(); });
  disconnects_->Disconnect({.subject = "ada"}, DisconnectedBy::kAuthorizer, [](uint64_t) {});
  release_.set_value();
  publishing.join();
  EXPECT_EQ(status.error_code(), StatusCode::UNAVAILABLE) << status.error_message();
  EXPECT_EQ(log_->head(0), 0u);
  PublishOne(Typed({"acme.late.NewThing"}));
}

TEST_F(UnknownTypeTest, KeepsTheOrderOfAStreamAndOtherCallsGoOn) {
  held_ = true;
  Start();
  const auto context = Call();
  const auto stream = publisher_->PublishStream(context.get());
  ASSERT_TRUE(stream->Write(Typed<v1::PublishStreamRequest>({"acme.late.First"})));
  ASSERT_TRUE(stream->Write(Typed<v1::PublishStreamRequest>({"acme.never.Second"})));
  ASSERT_TRUE(stream->Write(StreamText("a", "third")));
  WaitUntil([this] { return !asked().empty(); });
  // Meanwhile nobody else waits.
  for (int i = 0; i < 50; ++i) PublishText("b", "x");
  EXPECT_EQ(log_->head(0), 50u);
  held_ = false;
  release_.set_value();
  v1::PublishStreamResponse response;
  std::vector<int> codes;
  while (codes.size() < 3 && stream->Read(&response)) {
    for (const auto& result : response.results()) codes.push_back(result.status().code());
  }
  EXPECT_THAT(codes, ElementsAre(0, StatusCode::INVALID_ARGUMENT, 0));
  EXPECT_THAT(Stored(), ElementsAre("first {\"text\":\"hi\"}", " third"));
  stream->WritesDone();
  EXPECT_TRUE(stream->Finish().ok());
}

TEST_F(UnknownTypeTest, IsServedByReflectionOnceItIsKnown) {
  Start();
  const auto stub = grpc::reflection::v1::ServerReflection::NewStub(channel_);
  const auto context = Call("");
  const auto stream = stub->ServerReflectionInfo(context.get());
  const auto ask = [&stream] {
    grpc::reflection::v1::ServerReflectionRequest request;
    grpc::reflection::v1::ServerReflectionResponse response;
    request.set_file_containing_symbol("acme.late.Thing");
    EXPECT_TRUE(stream->Write(request));
    EXPECT_TRUE(stream->Read(&response));
    return response;
  };
  EXPECT_EQ(ask().error_response().error_code(), StatusCode::NOT_FOUND);
  PublishOne(Typed({"acme.late.Thing"}));
  EXPECT_TRUE(ask().has_file_descriptor_response());
  stream->WritesDone();
  EXPECT_TRUE(stream->Finish().ok());
}

TEST_F(UnknownTypeTest, IsLookedForInsideAnother) {
  Start();
  google::protobuf::Any inside;
  inside.set_type_url("type.googleapis.com/acme.late.Inner");
  inside.set_value("\n\2hi");
  auto request = Typed({"google.protobuf.Any"});
  request.mutable_events(0)->mutable_message()->set_value(inside.SerializeAsString());
  PublishOne(request);
  EXPECT_THAT(asked(), ElementsAre("acme.late.Inner"));
}

class UnknownTypeAsBase64Test : public UnknownTypeTest {
 protected:
  UnknownTypeAsBase64Test() : UnknownTypeTest(Options()) {}
  static JsonOptions Options() {
    JsonOptions options;
    options.unknown_types_as_base64 = true;
    return options;
  }
};

TEST_F(UnknownTypeAsBase64Test, IsPassedOnWhenItIsNotFound) {
  Start();
  PublishOne(Typed({"acme.late.Found", "acme.never.Nothing", "acme.chat.v1.TokenAdded"}));
  PublishOne(Typed({"acme.never.Nothing"}));
  const std::string passed =
      R"(message {"@type":"type.googleapis.com/acme.never.Nothing","value":"CgJoaQ=="})";
  EXPECT_THAT(Stored(), ElementsAre(R"(found {"text":"hi"})", passed,
                                    R"(token_added {"token":"hi"})", passed));
  EXPECT_THAT(asked(), ElementsAre("acme.late.Found", "acme.never.Nothing"));
}

TEST_F(UnknownTypeAsBase64Test, KeepsThePublishersOwnType) {
  Start();
  auto request = Typed({"acme.never.Nothing"});
  request.mutable_events(0)->set_type("mine");
  PublishOne(request);
  EXPECT_THAT(Stored(), ElementsAre(StartsWith("mine {\"@type\"")));
}

}  // namespace
}  // namespace sluice

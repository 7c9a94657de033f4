#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>

#include "grpc/reflection/v1/reflection.grpc.pb.h"
#include "grpc/reflection/v1alpha/reflection.grpc.pb.h"
#include "tests/rpc/rpc_fixture.h"

namespace sluice {
namespace {

struct V1 {
  using Service = grpc::reflection::v1::ServerReflection;
  using Request = grpc::reflection::v1::ServerReflectionRequest;
  using Response = grpc::reflection::v1::ServerReflectionResponse;
};
struct V1Alpha {
  using Service = grpc::reflection::v1alpha::ServerReflection;
  using Request = grpc::reflection::v1alpha::ServerReflectionRequest;
  using Response = grpc::reflection::v1alpha::ServerReflectionResponse;
};

// Asks as grpcurl does: all over one call, files by symbol, their imports by name.
template <typename Version>
class ReflectionTest : public RpcFixture {
 protected:
  using Request = typename Version::Request;
  using Response = typename Version::Response;

  ReflectionTest() {
    Start();
    stub_ = Version::Service::NewStub(channel_);
    stream_ = stub_->ServerReflectionInfo(context_.get());
  }
  ~ReflectionTest() override {
    stream_->WritesDone();
    EXPECT_TRUE(stream_->Finish().ok());
  }

  Response Ask(const Request& request) {
    Response response;
    EXPECT_TRUE(stream_->Write(request));
    EXPECT_TRUE(stream_->Read(&response));
    EXPECT_EQ(response.original_request().SerializeAsString(), request.SerializeAsString());
    return response;
  }
  Response AskSymbol(const std::string& symbol) {
    Request request;
    request.set_file_containing_symbol(symbol);
    return Ask(request);
  }
  void Add(const std::string& bytes) {
    google::protobuf::FileDescriptorProto file;
    ASSERT_TRUE(file.ParseFromString(bytes));
    if (pool_.FindFileByName(file.name()) != nullptr) return;
    for (const std::string& import : file.dependency()) {
      Request request;
      request.set_file_by_filename(import);
      Add(Ask(request).file_descriptor_response().file_descriptor_proto(0));
    }
    ASSERT_NE(pool_.BuildFile(file), nullptr);
  }
  void Resolve(const std::string& symbol) {
    const Response response = AskSymbol(symbol);
    ASSERT_TRUE(response.has_file_descriptor_response()) << symbol;
    Add(response.file_descriptor_response().file_descriptor_proto(0));
  }

  std::unique_ptr<grpc::ClientContext> context_ = Call("");
  std::unique_ptr<typename Version::Service::Stub> stub_;
  std::unique_ptr<grpc::ClientReaderWriter<Request, Response>> stream_;
  google::protobuf::DescriptorPool pool_;
};

using Versions = testing::Types<V1, V1Alpha>;
TYPED_TEST_SUITE(ReflectionTest, Versions);

// protobuf's search takes the square of a name's length, and everybody waits for it.
TYPED_TEST(ReflectionTest, LooksUpNoNameThatIsTooLong) {
  std::string dots;
  for (int i = 0; i < 2'000; ++i) dots += "a.";
  EXPECT_EQ(this->AskSymbol(dots).error_response().error_code(), grpc::StatusCode::NOT_FOUND);
  typename TypeParam::Request request;
  request.set_all_extension_numbers_of_type(dots);
  EXPECT_EQ(this->Ask(request).error_response().error_code(), grpc::StatusCode::NOT_FOUND);
}

// What is asked stands in the answer again.
TYPED_TEST(ReflectionTest, EndsACallWithARequestThatIsTooLarge) {
  typename TypeParam::Request request;
  request.set_file_containing_symbol("sluice.v1.Publisher");
  request.set_host(std::string(5'000, 'a'));
  const auto context = this->Call("");
  const auto stream = this->stub_->ServerReflectionInfo(context.get());
  ASSERT_TRUE(stream->Write(request));
  typename TypeParam::Response response;
  EXPECT_FALSE(stream->Read(&response));
  EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::INVALID_ARGUMENT);
}

TYPED_TEST(ReflectionTest, DescribesEveryServiceItLists) {
  typename TypeParam::Request request;
  request.set_list_services("*");
  std::vector<std::string> names;
  const auto response = this->Ask(request);
  for (const auto& service : response.list_services_response().service()) {
    names.push_back(service.name());
    this->Resolve(service.name());
    EXPECT_NE(this->pool_.FindServiceByName(service.name()), nullptr) << service.name();
  }
  EXPECT_THAT(names, testing::UnorderedElementsAre("sluice.v1.Publisher", "sluice.v1.Subscriber",
                                                   "sluice.v1.Admin", "grpc.health.v1.Health",
                                                   "grpc.reflection.v1.ServerReflection",
                                                   "grpc.reflection.v1alpha.ServerReflection"));
  const auto* publish = this->pool_.FindMethodByName("sluice.v1.Publisher.PublishStream");
  ASSERT_NE(publish, nullptr);
  EXPECT_TRUE(publish->client_streaming());
}

TYPED_TEST(ReflectionTest, DescribesTheTypesOfTheSchema) {
  this->Resolve("acme.chat.v1.TokenAdded");
  EXPECT_NE(this->pool_.FindMessageTypeByName("acme.chat.v1.TokenAdded"), nullptr);
}

TYPED_TEST(ReflectionTest, SendsAllImportsAlong) {
  const auto response = this->AskSymbol("sluice.v1.Publisher");
  std::vector<std::string> names;
  for (const std::string& bytes : response.file_descriptor_response().file_descriptor_proto()) {
    google::protobuf::FileDescriptorProto file;
    ASSERT_TRUE(file.ParseFromString(bytes));
    names.push_back(file.name());
  }
  EXPECT_THAT(names, testing::Contains("sluice/v1/event.proto"));
  EXPECT_THAT(names, testing::Contains("google/protobuf/struct.proto"));
  EXPECT_THAT(names, testing::Contains("google/rpc/status.proto"));
}

TYPED_TEST(ReflectionTest, AnswersWhatItDoesNotKnowWithAnErrorAndGoesOn) {
  typename TypeParam::Request request;
  const auto code = [&] { return this->Ask(request).error_response().error_code(); };
  request.set_file_containing_symbol("acme.Nothing");
  EXPECT_EQ(code(), grpc::StatusCode::NOT_FOUND);
  request.set_file_by_filename("nothing.proto");
  EXPECT_EQ(code(), grpc::StatusCode::NOT_FOUND);
  request.mutable_file_containing_extension()->set_containing_type("acme.chat.v1.TokenAdded");
  EXPECT_EQ(code(), grpc::StatusCode::NOT_FOUND);
  request.set_all_extension_numbers_of_type("acme.Nothing");
  EXPECT_EQ(code(), grpc::StatusCode::NOT_FOUND);
  request.Clear();
  EXPECT_EQ(code(), grpc::StatusCode::INVALID_ARGUMENT);
  request.set_all_extension_numbers_of_type("acme.chat.v1.TokenAdded");
  EXPECT_EQ(this->Ask(request).all_extension_numbers_response().base_type_name(),
            "acme.chat.v1.TokenAdded");
}

}  // namespace
}  // namespace sluice

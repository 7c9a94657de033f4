#include "bridge/relay/backend_schemas.h"

#include <gmock/gmock.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/text_format.h>

#include <future>
#include <thread>

#include "bridge/rpc/reflection_service.h"
#include "sluice/v1/event_source.grpc.pb.h"
#include "tests/relay/reflecting_server.h"

namespace sluice {
namespace {

namespace pb = google::protobuf;
using testing::HasSubstr;
using testing::IsEmpty;

std::shared_ptr<SchemaRegistry> EmptyRegistry() {
  auto schema = SchemaRegistry::Load({}, {});
  EXPECT_TRUE(schema.ok()) << schema.status();
  return *schema;
}

std::shared_ptr<pb::FileDescriptorSet> Set(const std::string& text) {
  auto set = std::make_shared<pb::FileDescriptorSet>();
  EXPECT_TRUE(pb::TextFormat::ParseFromString(text, set.get())) << text;
  return set;
}

absl::Time Soon() { return absl::Now() + absl::Seconds(30); }

std::shared_ptr<grpc::Channel> ChannelTo(const std::string& address) {
  return grpc::CreateChannel(address, grpc::InsecureChannelCredentials());
}

std::vector<std::string> Names(const ReflectionClient::Files& files) {
  std::vector<std::string> names;
  EXPECT_TRUE(files.ok()) << files.status();
  if (!files.ok()) return names;
  for (const auto& file : files->file()) names.push_back(file.name());
  return names;
}

// The bridge's own reflection, v1, of a chat service and an event that no service names.
class ChatBackend {
 public:
  explicit ChatBackend(int port = 0) {
    const auto offered = schema_->Offer("chat", Set(R"(
        file { name: 'token.proto' package: 'acme' message_type { name: 'Token' } }
        file { name: 'event.proto' package: 'acme' dependency: 'token.proto'
               message_type { name: 'Typing' } }
        file { name: 'chat.proto' package: 'acme' dependency: 'token.proto'
               service { name: 'Chat' method { name: 'Watch' server_streaming: true
                   input_type: '.acme.Token' output_type: '.acme.Token' } } })"));
    EXPECT_TRUE(offered.ok()) << offered;
    server_ = std::make_unique<TestServer>(std::vector<grpc::Service*>{&service_}, port);
  }
  std::string address() const { return server_->address(); }
  int port() const { return server_->port(); }

 private:
  const std::shared_ptr<SchemaRegistry> schema_ = EmptyRegistry();
  const ReflectionSource source_{schema_,
                                 {"acme.Chat", "grpc.reflection.v1.ServerReflection",
                                  "grpc.health.v1.Health", "acme.Unknown"}};
  const RpcContext rpc_{};  // nobody is asked about reflection
  ReflectionCalls calls_{rpc_};
  ReflectionV1Service service_{source_, calls_};
  std::unique_ptr<TestServer> server_;
};

TEST(ReflectionClient, FetchesTheFilesOfServicesAndWhatTheyImport) {
  const ChatBackend backend;
  ReflectionClient client(ChannelTo(backend.address()));
  EXPECT_THAT(Names(client.FetchServices(Soon())),
              testing::ElementsAre("chat.proto", "token.proto"));
}

TEST(ReflectionClient, FetchesTheFileOfASymbol) {
  const ChatBackend backend;
  ReflectionClient client(ChannelTo(backend.address()));
  EXPECT_THAT(Names(client.FetchSymbols({"acme.Typing", "acme.Nothing"}, Soon())),
              testing::ElementsAre("event.proto", "token.proto"));
  EXPECT_THAT(Names(client.FetchSymbols({"acme.Nothing"}, Soon())), IsEmpty());
}

TEST(ReflectionClient, FallsBackToV1Alpha) {
  const ReflectingBackend backend;
  ReflectionClient client(ChannelTo(backend.address()));
  EXPECT_THAT(Names(client.FetchServices(Soon())),
              testing::ElementsAre("robot.proto", "robot_state.proto"));
  EXPECT_THAT(Names(client.FetchSymbols({"acme.robot.v1.Stopped"}, Soon())),
              testing::ElementsAre("robot_events.proto", "robot_state.proto"));
}

TEST(ReflectionClient, SaysThatABackendHasNoReflection) {
  v1::EventSource::Service other;
  const TestServer server({&other});
  ReflectionClient client(ChannelTo(server.address()));
  EXPECT_TRUE(absl::IsUnimplemented(client.FetchServices(Soon()).status()));
}

// A server that sends a symbol's own file only, as some do.
bool OneFileAtATime(const ScriptedReflection::Request& request,
                    ScriptedReflection::Response* response, int files) {
  if (request.has_list_services()) {
    response->mutable_list_services_response()->add_service()->set_name("acme.S");
    return true;
  }
  const int n =
      request.has_file_by_filename() ? std::stoi(request.file_by_filename().substr(1)) : 0;
  pb::FileDescriptorProto file;
  file.set_name(absl::StrCat("f", n));
  file.set_package("acme");
  if (n + 1 < files) file.add_dependency(absl::StrCat("f", n + 1));
  file.add_message_type()->set_name(absl::StrCat("M", n));
  if (n == 0) file.add_service()->set_name("S");
  response->mutable_file_descriptor_response()->add_file_descriptor_proto(file.SerializeAsString());
  return true;
}

ReflectionClient::Files FetchFrom(ScriptedReflection::Answer answer, ReflectionLimits limits = {},
                                  absl::Time deadline = Soon()) {
  ScriptedReflection reflection(std::move(answer));
  const TestServer server({&reflection});
  ReflectionClient client(ChannelTo(server.address()), limits);
  return client.FetchServices(deadline);
}

TEST(ReflectionClient, AsksForImportsUntilThereAreAll) {
  const auto files = FetchFrom(
      [](const auto& request, auto* response) { return OneFileAtATime(request, response, 100); });
  EXPECT_EQ(Names(files).size(), 100u);
}

TEST(ReflectionClient, BoundsFilesBytesAndServices) {
  const auto endless = [](const auto& request, auto* response) {
    return OneFileAtATime(request, response, 1'000'000);
  };
  EXPECT_THAT(std::string(FetchFrom(endless, {.files_max = 50}).status().message()),
              HasSubstr("more than 50 files"));
  EXPECT_THAT(std::string(FetchFrom(endless, {.bytes_max = 1000}).status().message()),
              HasSubstr("more than 1000 bytes"));
  const auto many = [](const auto&, auto* response) {
    for (int i = 0; i < 100; ++i) {
      response->mutable_list_services_response()->add_service()->set_name(absl::StrCat("s.S", i));
    }
    return true;
  };
  EXPECT_THAT(std::string(FetchFrom(many, {.services_max = 99}).status().message()),
              HasSubstr("more than 99 services"));
}

TEST(ReflectionClient, RefusesWhatIsNoDescriptor) {
  const auto files = FetchFrom([](const auto& request, auto* response) {
    OneFileAtATime(request, response, 1);
    if (response->has_file_descriptor_response()) {
      response->mutable_file_descriptor_response()->set_file_descriptor_proto(0, "\xff\xff");
    }
    return true;
  });
  EXPECT_THAT(std::string(files.status().message()), HasSubstr("no FileDescriptorProto"));
}

TEST(ReflectionClient, WaitsForABackendThatHangsUntilItsDeadlineOnly) {
  const auto never = [](const auto&, auto*) { return false; };
  EXPECT_TRUE(absl::IsDeadlineExceeded(
      FetchFrom(never, {}, absl::Now() + absl::Milliseconds(50)).status()));
}

TEST(ReflectionClient, EndsWhenItIsCancelled) {
  std::promise<void> asked;
  ScriptedReflection reflection([&asked](const auto&, auto*) {
    asked.set_value();
    return false;
  });
  const TestServer server({&reflection});
  ReflectionClient client(ChannelTo(server.address()));
  std::thread cancelling([&] {
    asked.get_future().wait();
    client.Cancel();
  });
  EXPECT_TRUE(absl::IsCancelled(client.FetchServices(Soon()).status()));
  cancelling.join();
  EXPECT_TRUE(absl::IsCancelled(client.FetchServices(Soon()).status()));
}

class BackendSchemasTest : public testing::Test {
 protected:
  void Add(const std::string& name, const std::string& address, bool reflection = true) {
    options_.push_back({.name = name, .address = address, .reflection = reflection});
  }
  void Start(BackendSchemasOptions options = {.backoff_min = absl::Milliseconds(1),
                                              .backoff_max = absl::Milliseconds(20)}) {
    backends_ = std::make_unique<Backends>(options_);
    schemas_ = std::make_unique<BackendSchemas>(*backends_, *registry_, options);
    schemas_->Start();
  }
  bool Knows(const std::string& type) const { return registry_->current()->Find(type) != nullptr; }
  void WaitFor(const std::string& type) const {
    const absl::Time give_up = Soon();
    while (!Knows(type)) {
      ASSERT_LT(absl::Now(), give_up) << type;
      std::this_thread::yield();
    }
  }
  bool LookUp(const std::string& type) {
    std::promise<bool> told;
    registry_->LookUp(type, [&told](bool found) { told.set_value(found); });
    return told.get_future().get();
  }

  const std::shared_ptr<SchemaRegistry> registry_ = EmptyRegistry();
  std::vector<BackendOptions> options_;
  std::unique_ptr<Backends> backends_;
  std::unique_ptr<BackendSchemas> schemas_;
};

TEST_F(BackendSchemasTest, LearnsTheTypesAndMethodsOfEveryBackend) {
  const ChatBackend chat;
  const ReflectingBackend robot;
  Add("chat", chat.address());
  Add("robot", robot.address());
  Start();
  WaitFor("acme.Token");
  WaitFor("acme.robot.v1.RobotState");
  EXPECT_NE(registry_->current()->FindMethod("acme.Chat/Watch"), nullptr);
  EXPECT_NE(registry_->current()->FindMethod("acme.robot.v1.Robot/Watch"), nullptr);
}

TEST_F(BackendSchemasTest, LooksUpATypeThatNoServiceNames) {
  const ChatBackend chat;
  const ReflectingBackend robot;
  Add("chat", chat.address());
  Add("robot", robot.address());
  Start();
  EXPECT_TRUE(LookUp("acme.robot.v1.Stopped"));
  EXPECT_TRUE(LookUp("acme.Typing"));
  EXPECT_TRUE(Knows("acme.robot.v1.Stopped"));  // what was found before is still known
  EXPECT_FALSE(LookUp("acme.Nothing"));
}

TEST_F(BackendSchemasTest, AsksABackendThatIsAwayUntilItHasAnswered) {
  auto chat = std::make_unique<ChatBackend>();
  const int port = chat->port();
  Add("chat", chat->address());
  chat.reset();
  testing::internal::CaptureStderr();
  Start();
  EXPECT_FALSE(LookUp("acme.Typing"));
  chat = std::make_unique<ChatBackend>(port);
  WaitFor("acme.Token");
  schemas_->Stop();
  const std::string log = testing::internal::GetCapturedStderr();
  const auto count = [&log](const std::string& what) {
    size_t n = 0;
    for (size_t at = 0; (at = log.find(what, at)) != std::string::npos; ++at) ++n;
    return n;
  };
  EXPECT_EQ(count("backend does not tell its types"), 1u) << log;
  EXPECT_EQ(count("backend's types are known"), 1u) << log;
}

TEST_F(BackendSchemasTest, AsksNobodyWhoseReflectionIsOff) {
  ScriptedReflection reflection([](const auto&, auto*) { return false; });
  const TestServer server({&reflection});
  Add("chat", server.address(), false);
  Start();
  EXPECT_FALSE(LookUp("acme.Typing"));
  EXPECT_EQ(reflection.calls, 0);
}

TEST_F(BackendSchemasTest, FindsATypeWhileAnotherBackendHangs) {
  ScriptedReflection hangs([](const auto&, auto*) { return false; });
  const TestServer server({&hangs});
  const ChatBackend chat;
  Add("chat", chat.address());
  Add("hangs", server.address());
  Start({.deadline = absl::Hours(1)});
  EXPECT_TRUE(LookUp("acme.Typing"));
}

TEST_F(BackendSchemasTest, TellsWhoeverWaitsWhenItStops) {
  std::promise<void> asked;
  ScriptedReflection hangs([&asked, once = false](const auto&, auto*) mutable {
    if (!std::exchange(once, true)) asked.set_value();
    return false;
  });
  const TestServer server({&hangs});
  Add("hangs", server.address());
  Start({.deadline = absl::Hours(1)});
  asked.get_future().wait();
  std::promise<bool> told;
  registry_->LookUp("acme.Typing", [&told](bool found) { told.set_value(found); });
  schemas_->Stop();
  EXPECT_FALSE(told.get_future().get());
  EXPECT_FALSE(LookUp("acme.Token"));
}

TEST_F(BackendSchemasTest, TakesANewTypeOfABackendThatWasReplaced) {
  std::atomic<int> version{1};
  ScriptedReflection reflection([&version](const auto& request, auto* response) {
    if (request.has_list_services()) {
      response->mutable_list_services_response()->add_service()->set_name("acme.S");
      return true;
    }
    pb::FileDescriptorProto file;
    file.set_name("s.proto");
    file.set_package("acme");
    file.add_service()->set_name("S");
    for (int i = 1; i <= version; ++i) file.add_message_type()->set_name(absl::StrCat("V", i));
    response->mutable_file_descriptor_response()->add_file_descriptor_proto(
        file.SerializeAsString());
    return true;
  });
  const TestServer server({&reflection});
  Add("s", server.address());
  Start();
  WaitFor("acme.V1");
  version = 2;
  EXPECT_TRUE(LookUp("acme.V2"));
  EXPECT_TRUE(Knows("acme.V1"));
}

TEST_F(BackendSchemasTest, SurvivesTwoBackendsThatDefineTheSame) {
  const ChatBackend one, other;
  Add("one", one.address());
  Add("other", other.address());
  Start();
  WaitFor("acme.Token");
  EXPECT_TRUE(LookUp("acme.Typing"));
}

}  // namespace
}  // namespace sluice

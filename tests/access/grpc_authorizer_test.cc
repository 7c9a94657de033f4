#include "bridge/access/grpc_authorizer.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

#include "tests/access/ask.h"
#include "tests/access/authorizer_server.h"

namespace sluice {
namespace {

using Verdict = Decision::Verdict;

// Long enough never to be the reason for a test's outcome.
constexpr absl::Duration kLong = absl::Seconds(30);

std::unique_ptr<Authorizer> AuthorizerAt(const std::string& address,
                                         absl::Duration deadline = kLong) {
  return MakeGrpcAuthorizer(
      {.address = address, .deadline = deadline, .wants = {.headers = {"x-tenant"}}});
}

// A TCP server that says `greeting` and then nothing.
class MuteServer {
 public:
  explicit MuteServer(std::string greeting) : socket_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof(address);
    EXPECT_EQ(bind(socket_, reinterpret_cast<sockaddr*>(&address), length), 0);
    EXPECT_EQ(listen(socket_, 16), 0);
    getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &length);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this, greeting = std::move(greeting)] {
      for (int peer; (peer = accept(socket_, nullptr, nullptr)) >= 0;) {
        peers_.push_back(peer);
        if (!greeting.empty()) send(peer, greeting.data(), greeting.size(), MSG_NOSIGNAL);
      }
    });
  }
  ~MuteServer() {
    shutdown(socket_, SHUT_RDWR);
    thread_.join();
    close(socket_);
    for (const int peer : peers_) close(peer);
  }
  std::string address() const { return absl::StrCat("127.0.0.1:", port_); }

 private:
  const int socket_;
  int port_ = 0;
  std::vector<int> peers_;  // the thread's
  std::thread thread_;
};

TEST(GrpcAuthorizer, AsksWithEverythingThatWasGiven) {
  AuthorizerServer server(AuthorizerServer::Always(v1::DECISION_ALLOW));
  auto authorizer = AuthorizerAt(server.address());
  EXPECT_TRUE(Ask(*authorizer, {.action = Action::kPublish,
                                .topics = {"a/1", "user/{subject}"},
                                .credential = "secret",
                                .headers = {{"x-tenant", "acme"}},
                                .peer_address = "10.0.0.1:5"})
                  .allowed());
  const v1::AuthorizeRequest question = server.questions().front();
  EXPECT_EQ(question.action(), v1::ACTION_PUBLISH);
  ASSERT_EQ(question.topics_size(), 2);
  EXPECT_EQ(question.topics(1), "user/{subject}");
  EXPECT_EQ(question.credential(), "secret");
  EXPECT_EQ(question.headers().at("x-tenant"), "acme");
  EXPECT_EQ(question.peer_address(), "10.0.0.1:5");
}

TEST(GrpcAuthorizer, AsksWithoutACredentialToo) {
  AuthorizerServer server(AuthorizerServer::Always(v1::DECISION_DENY_UNAUTHENTICATED));
  auto authorizer = AuthorizerAt(server.address());
  EXPECT_EQ(Ask(*authorizer).verdict, Verdict::kUnauthenticated);
  EXPECT_EQ(server.questions().size(), 1u);
}

TEST(GrpcAuthorizer, SaysWhatItWantsToKnow) {
  const std::unique_ptr<Authorizer> authorizer = MakeGrpcAuthorizer(
      {.address = "127.0.0.1:1", .wants = {.headers = {"x-tenant"}, .peer_address = true}});
  EXPECT_EQ(authorizer->wants().headers, std::vector<std::string>{"x-tenant"});
  EXPECT_TRUE(authorizer->wants().peer_address);
}

TEST(GrpcAuthorizer, FailsClosedWhenNobodyListens) {
  std::string address;
  {
    MuteServer gone("");
    address = gone.address();
  }
  auto authorizer = AuthorizerAt(address);
  EXPECT_EQ(Ask(*authorizer).verdict, Verdict::kError);
}

TEST(GrpcAuthorizer, FailsClosedWhenThePeerNeverSpeaks) {
  MuteServer server("");
  auto authorizer = AuthorizerAt(server.address(), absl::Milliseconds(50));
  const Decision decision = Ask(*authorizer);
  EXPECT_EQ(decision.verdict, Verdict::kError);
  EXPECT_EQ(decision.reason, "the authorizer did not answer within 50ms");
}

TEST(GrpcAuthorizer, FailsClosedWhenThePeerSpeaksSomethingElse) {
  MuteServer server("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
  auto authorizer = AuthorizerAt(server.address(), absl::Seconds(5));
  EXPECT_EQ(Ask(*authorizer).verdict, Verdict::kError);
}

TEST(GrpcAuthorizer, FailsClosedWhenTheAnswerIsLate) {
  AuthorizerServer server(AuthorizerServer::Never());
  auto authorizer = AuthorizerAt(server.address(), absl::Milliseconds(50));
  EXPECT_EQ(Ask(*authorizer).verdict, Verdict::kError);
}

TEST(GrpcAuthorizer, FailsClosedWhenTheAnswerIsNoDecision) {
  AuthorizerServer server(AuthorizerServer::Always(v1::DECISION_UNSPECIFIED));
  auto authorizer = AuthorizerAt(server.address());
  EXPECT_EQ(Ask(*authorizer).verdict, Verdict::kError);
}

TEST(GrpcAuthorizer, FailsClosedWhenTheAnswerIsHuge) {
  AuthorizerServer server([](const v1::AuthorizeRequest&) {
    v1::AuthorizeResponse answer;
    answer.set_decision(v1::DECISION_ALLOW);
    answer.set_reason(std::string(100'000, 'x'));
    return answer;
  });
  auto authorizer = AuthorizerAt(server.address());
  EXPECT_EQ(Ask(*authorizer).verdict, Verdict::kError);
}

// Answers with bytes that begin as an ALLOW and are no AuthorizeResponse.
class GarbageService final
    : public v1::Authorizer::WithRawCallbackMethod_Authorize<v1::Authorizer::Service> {
 public:
  grpc::ServerUnaryReactor* Authorize(grpc::CallbackServerContext* context, const grpc::ByteBuffer*,
                                      grpc::ByteBuffer* response) override {
    const grpc::Slice garbage("\x08\x01\xff\xff\xff\xff");
    *response = grpc::ByteBuffer(&garbage, 1);
    auto* reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }
};

TEST(GrpcAuthorizer, FailsClosedWhenTheAnswerIsGarbage) {
  GarbageService service;
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&service);
  const auto server = builder.BuildAndStart();
  auto authorizer = AuthorizerAt(absl::StrCat("127.0.0.1:", port));
  EXPECT_EQ(Ask(*authorizer).verdict, Verdict::kError);
}

TEST(GrpcAuthorizer, BoundsTheQuestionsInFlight) {
  AuthorizerServer server(AuthorizerServer::Never());
  auto authorizer =
      MakeGrpcAuthorizer({.address = server.address(), .deadline = kLong, .calls_in_flight = 2});
  auto first = AskAsync(*authorizer, {});
  auto second = AskAsync(*authorizer, {});
  const Decision third = Ask(*authorizer);
  EXPECT_EQ(third.verdict, Verdict::kError);
  EXPECT_NE(third.reason.find("authorizer.grpc.calls_in_flight"), std::string::npos);
}

TEST(GrpcAuthorizer, AnswersOpenQuestionsWhenItEnds) {
  AuthorizerServer server(AuthorizerServer::Never());
  auto authorizer = AuthorizerAt(server.address());
  auto open = AskAsync(*authorizer, {});
  authorizer.reset();
  EXPECT_EQ(open.get().verdict, Verdict::kError);
}

TEST(GrpcAuthorizer, IsBackSoonAfterItsPeerIs) {
  auto server = std::make_unique<AuthorizerServer>(AuthorizerServer::Always(v1::DECISION_ALLOW));
  const std::string address = server->address();
  auto authorizer = AuthorizerAt(address);
  EXPECT_TRUE(Ask(*authorizer).allowed());
  server.reset();
  EXPECT_EQ(Ask(*authorizer).verdict, Verdict::kError);
  server =
      std::make_unique<AuthorizerServer>(AuthorizerServer::Always(v1::DECISION_ALLOW), address);
  const absl::Time give_up = absl::Now() + absl::Seconds(10);
  while (!Ask(*authorizer).allowed()) ASSERT_LT(absl::Now(), give_up);
}

}  // namespace
}  // namespace sluice

#include "bridge/access/ext_authz_authorizer.h"

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <functional>
#include <mutex>

#include "absl/strings/str_cat.h"
#include "envoy/service/auth/v3/external_auth.grpc.pb.h"
#include "tests/access/ask.h"

namespace sluice {
namespace {

namespace auth = envoy::service::auth::v3;
using testing::Pair;
using testing::UnorderedElementsAre;
using Verdict = Decision::Verdict;

class CheckServer final : public auth::Authorization::CallbackService {
 public:
  using Answer = std::function<grpc::Status(auth::CheckResponse* answer)>;

  explicit CheckServer(Answer answer) : answer_(std::move(answer)) {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
  }
  std::string address() const { return absl::StrCat("127.0.0.1:", port_); }
  auth::CheckRequest question() {
    const std::lock_guard lock(mutex_);
    return question_;
  }

  grpc::ServerUnaryReactor* Check(grpc::CallbackServerContext* context,
                                  const auth::CheckRequest* question,
                                  auth::CheckResponse* answer) override {
    {
      const std::lock_guard lock(mutex_);
      question_ = *question;
    }
    auto* reactor = context->DefaultReactor();
    reactor->Finish(answer_(answer));
    return reactor;
  }

 private:
  const Answer answer_;
  int port_ = 0;
  std::mutex mutex_;
  auth::CheckRequest question_;
  std::unique_ptr<grpc::Server> server_;
};

grpc::Status Ok(auth::CheckResponse* answer) {
  auto* header = answer->mutable_ok_response()->add_headers()->mutable_header();
  header->set_key("x-user");
  header->set_value("ada");
  answer->mutable_status();
  return grpc::Status::OK;
}

AuthorizationRequest Question() {
  return {.topics = {"a/1"},
          .credential = "secret",
          .headers = {{"x-tenant", "acme"}},
          .request = {.method = "GET", .path = "/v1/a/1?x=1", .host = "h", .scheme = "https"}};
}

TEST(ExtAuthzAuthorizer, AsksAsEnvoyDoes) {
  CheckServer server(Ok);
  const auto authorizer = MakeExtAuthzAuthorizer({.address = server.address(),
                                                  .context_extensions = {{"app", "chat"}},
                                                  .subject_header = "x-user"});
  EXPECT_TRUE(authorizer->wants().request);
  EXPECT_EQ(Ask(*authorizer, Question()).subject, "ada");
  const auth::AttributeContext asked = server.question().attributes();
  const auto& http = asked.request().http();
  EXPECT_EQ(http.method(), "GET");
  EXPECT_EQ(http.path(), "/v1/a/1?x=1");
  EXPECT_EQ(http.query(), "");
  EXPECT_EQ(http.host(), "h");
  EXPECT_EQ(http.scheme(), "https");
  EXPECT_EQ(http.size(), -1);
  EXPECT_THAT(http.headers(), UnorderedElementsAre(Pair("authorization", "Bearer secret"),
                                                   Pair("x-tenant", "acme")));
  EXPECT_GT(asked.request().time().seconds(), 0);
  EXPECT_FALSE(asked.has_source());
  EXPECT_THAT(asked.context_extensions(),
              UnorderedElementsAre(Pair("app", "chat"), Pair("action", "subscribe"),
                                   Pair("topic", "a/1"), Pair("topics", R"(["a/1"])")));
}

TEST(ExtAuthzAuthorizer, NamesTopicsSoThatNoTwoListsAreTheSame) {
  CheckServer server(Ok);
  const auto authorizer = MakeExtAuthzAuthorizer({.address = server.address()});
  AuthorizationRequest question = Question();
  question.action = Action::kPublish;
  question.topics = {"a/1,b/2", "c/\"3"};
  Ask(*authorizer, question);
  const auto asked = server.question().attributes().context_extensions();
  EXPECT_EQ(asked.at("topics"), R"(["a/1,b/2","c/\"3"])");
  EXPECT_FALSE(asked.contains("topic"));
  EXPECT_EQ(asked.at("action"), "publish");
}

TEST(ExtAuthzAuthorizer, ItsOwnContextCannotBeOverwritten) {
  CheckServer server(Ok);
  const auto authorizer = MakeExtAuthzAuthorizer(
      {.address = server.address(),
       .context_extensions = {{"action", "x"}, {"topic", "x"}, {"certificate_names", "x"}}});
  Ask(*authorizer, {.action = Action::kReadStats});
  EXPECT_THAT(server.question().attributes().context_extensions(),
              UnorderedElementsAre(Pair("action", "read_stats"), Pair("topics", "[]")));
}

TEST(ExtAuthzAuthorizer, TellsWhoIsAtTheOtherEnd) {
  CheckServer server(Ok);
  const auto authorizer = MakeExtAuthzAuthorizer({.address = server.address()});
  AuthorizationRequest question = Question();
  question.certificate_names = {"spiffe://a/b", "b.example"};
  const struct {
    const char* peer;
    const char* address;
    uint32_t port;
  } rows[] = {{"10.0.0.1:5", "10.0.0.1", 5}, {"[::1]:6", "::1", 6}};
  for (const auto& row : rows) {
    question.peer_address = row.peer;
    Ask(*authorizer, question);
    const auth::AttributeContext asked = server.question().attributes();
    EXPECT_EQ(asked.source().address().socket_address().address(), row.address);
    EXPECT_EQ(asked.source().address().socket_address().port_value(), row.port);
    EXPECT_EQ(asked.source().principal(), "spiffe://a/b");
    EXPECT_EQ(asked.context_extensions().at("certificate_names"),
              R"(["spiffe://a/b","b.example"])");
  }
  question.peer_address = "unix:/run/a";
  Ask(*authorizer, question);
  EXPECT_EQ(server.question().attributes().source().address().pipe().path(), "/run/a");
}

TEST(ExtAuthzAuthorizer, FailsClosedOnAnErrorAndWhenNobodyListens) {
  std::string address;
  {
    CheckServer server([](auth::CheckResponse* answer) {
      Ok(answer);
      return grpc::Status(grpc::StatusCode::PERMISSION_DENIED, "no");
    });
    address = server.address();
    EXPECT_EQ(Ask(*MakeExtAuthzAuthorizer({.address = address}), Question()).verdict,
              Verdict::kError);
  }
  EXPECT_EQ(Ask(*MakeExtAuthzAuthorizer({.address = address}), Question()).verdict,
            Verdict::kError);
}

}  // namespace
}  // namespace sluice

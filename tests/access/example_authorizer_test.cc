#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>

#include "absl/time/clock.h"
#include "bridge/access/grpc_authorizer.h"
#include "sdk/cpp/examples/policy.h"
#include "sdk/cpp/examples/topic_pattern.h"
#include "tests/access/ask.h"

extern char** environ;

namespace sluice {
namespace {

using Verdict = Decision::Verdict;

constexpr char kTokens[] = R"(
tokens:
  ada-token:
    subject: ada
    subscribe: ["conversation/*", "user/{subject}"]
    publish: ["conversation/42"]
    attributes: {tenant: acme}
    event_types: [token]
    field_masks: {token: [text, author.name], done: []}
    expires_in: 1h
  operator-token: {subject: root, stats: true, admin: true}
)";

std::string WriteFile(const std::string& text) {
  const std::string path = testing::TempDir() + "tokens_" + std::to_string(getpid()) + ".yaml";
  std::ofstream(path) << text;
  return path;
}

// The program itself, on a port of its own.
class ExampleAuthorizer {
 public:
  explicit ExampleAuthorizer(const std::string& config) {
    int out[2];
    EXPECT_EQ(pipe(out), 0);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, out[1], 1);
    posix_spawn_file_actions_addclose(&actions, out[0]);
    const char* arguments[] = {EXAMPLE_AUTHORIZER, "--config",    config.c_str(),
                               "--listen",         "127.0.0.1:0", nullptr};
    EXPECT_EQ(posix_spawn(&pid_, EXAMPLE_AUTHORIZER, &actions, nullptr,
                          const_cast<char**>(arguments), environ),
              0);
    posix_spawn_file_actions_destroy(&actions);
    close(out[1]);
    out_ = fdopen(out[0], "r");
  }
  ~ExampleAuthorizer() {
    if (pid_ > 0) End(SIGKILL);
    fclose(out_);
  }

  std::string ReadLine() {
    char line[256] = "";
    EXPECT_NE(fgets(line, sizeof(line), out_), nullptr);
    return std::string(line, std::string_view(line).find('\n'));
  }
  void Signal(int signal) { kill(pid_, signal); }
  // Its exit status.
  int End(int signal) {
    if (signal != 0) Signal(signal);
    int status = -1;
    waitpid(pid_, &status, 0);
    pid_ = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

 private:
  pid_t pid_ = 0;
  FILE* out_ = nullptr;
};

TEST(TopicPattern, MatchesSegments) {
  const struct {
    const char* pattern;
    const char* topic;
    bool matches;
  } rows[] = {
      {"a/b", "a/b", true},   {"a/b", "a/c", false},     {"a/b", "a", false},
      {"a", "a/b", false},    {"a/*", "a/b", true},      {"a/*", "a/b/c", false},
      {"a/*", "a", false},    {"*/b", "a/b", true},      {"a/*/c", "a/b/c", true},
      {"a/**", "a/b", true},  {"a/**", "a/b/c/d", true}, {"a/**", "a", false},
      {"**", "a/b", true},    {"*", "a", true},          {"a*", "ab", false},
      {"**/b", "a/b", false}, {"", "a", false},          {"a/**", "ab/c", false},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(example::MatchesTopic(row.pattern, row.topic), row.matches)
        << row.pattern << " " << row.topic;
  }
  EXPECT_EQ(example::WithSubject("user/{subject}/x", "ada"), "user/ada/x");
  EXPECT_TRUE(example::MatchesTopic("user/{subject}", "user/ada", "ada"));
  EXPECT_FALSE(example::MatchesTopic("user/{subject}", "user/ada", "*"));
  EXPECT_FALSE(example::MatchesTopic("{subject}", "user/ada", "**"));
  EXPECT_EQ(example::WithSubject("user/{subjec}", "ada"), "user/{subjec}");
}

TEST(ExamplePolicy, NamesTheLineThatIsWrong) {
  for (const char* text :
       {"", "tokens: 1", "token: {a: {subject: x}}", "tokens: {a: {subject: x, suscribe: []}}",
        "tokens: {a: {subject: 'x/y'}}", "tokens: {a: {}}", "tokens: {'': {subject: x}}",
        "tokens: {a: {subject: x, stats: 7}}", "tokens: {a: {subject: x, expires_in: soon}}",
        "tokens: [", "tokens: {a: {subject: x}}\nmore: 1"}) {
    const auto policy = example::Policy::Load(WriteFile(text));
    ASSERT_FALSE(policy.ok()) << text;
    EXPECT_NE(policy.status().message().find(".yaml"), absl::string_view::npos) << text;
  }
  EXPECT_FALSE(example::Policy::Load("/nowhere.yaml").ok());
}

TEST(ExampleAuthorizer, DecidesByItsFileAndReadsItAgainOnHangup) {
  const std::string config = WriteFile(kTokens);
  ExampleAuthorizer program(config);
  const std::string line = program.ReadLine();
  ASSERT_TRUE(line.starts_with("listening on 127.0.0.1:")) << line;
  auto authorizer = MakeGrpcAuthorizer(
      {.address = line.substr(line.rfind(' ') + 1), .deadline = absl::Seconds(20)});
  const auto ask = [&](Action action, std::vector<std::string> topics, std::string token) {
    return Ask(*authorizer,
               {.action = action, .topics = std::move(topics), .credential = std::move(token)});
  };

  const Decision reader =
      ask(Action::kSubscribe, {"conversation/1", "user/{subject}"}, "ada-token");
  EXPECT_TRUE(reader.allowed());
  EXPECT_EQ(reader.subject, "ada");
  EXPECT_EQ(reader.attributes, (Attributes{{"tenant", "acme"}}));
  EXPECT_EQ(reader.event_types, std::vector<std::string>{"token"});
  ASSERT_NE(reader.masks, nullptr);
  EXPECT_EQ(reader.masks->Apply("token", R"({"text":1,"author":{"name":2,"mail":3}})"),
            R"({"text":1,"author":{"name":2}})");
  EXPECT_EQ(reader.masks->Apply("done", R"({"text":1})"), "{}");
  EXPECT_LT(reader.expires_at, absl::Now() + absl::Hours(2));

  const Decision other = ask(Action::kSubscribe, {"conversation/1", "user/bob"}, "ada-token");
  EXPECT_EQ(other.verdict, Verdict::kForbidden);
  EXPECT_EQ(other.denied_topics, std::vector<std::string>{"user/bob"});
  EXPECT_EQ(ask(Action::kSubscribe, {"a"}, "").verdict, Verdict::kUnauthenticated);
  EXPECT_EQ(ask(Action::kSubscribe, {"a"}, "unknown").verdict, Verdict::kUnauthenticated);
  EXPECT_TRUE(ask(Action::kPublish, {"conversation/42"}, "ada-token").allowed());
  EXPECT_TRUE(ask(Action::kPublish, {"conversation/42"}, "ada-token").event_types.empty());
  EXPECT_EQ(ask(Action::kPublish, {"conversation/1"}, "ada-token").verdict, Verdict::kForbidden);
  EXPECT_EQ(ask(Action::kReadStats, {}, "ada-token").verdict, Verdict::kForbidden);
  EXPECT_TRUE(ask(Action::kReadStats, {}, "operator-token").allowed());
  EXPECT_TRUE(ask(Action::kAdminister, {}, "operator-token").allowed());

  WriteFile("tokens: {bob-token: {subject: bob, subscribe: ['**']}}");
  program.Signal(SIGHUP);
  EXPECT_EQ(program.ReadLine(), "read 1 tokens");
  EXPECT_TRUE(ask(Action::kSubscribe, {"any/thing"}, "bob-token").allowed());
  EXPECT_EQ(ask(Action::kSubscribe, {"conversation/1"}, "ada-token").verdict,
            Verdict::kUnauthenticated);
  EXPECT_EQ(program.End(SIGTERM), 0);
}

TEST(ExampleAuthorizer, RefusesToStartOnABadFile) {
  ExampleAuthorizer program(WriteFile("tokens: {a: {}}"));
  EXPECT_EQ(program.End(0), 1);
}

}  // namespace
}  // namespace sluice

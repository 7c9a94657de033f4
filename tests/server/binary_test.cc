#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <string>

#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/server/program.h"

namespace sluice {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

const std::vector<std::string> kAnyPorts = {"--http-listen=127.0.0.1:0",
                                            "--grpc-listen=127.0.0.1:0"};

std::vector<std::string> AnyPortsAnd(std::vector<std::string> arguments) {
  arguments.insert(arguments.end(), kAnyPorts.begin(), kAnyPorts.end());
  return arguments;
}

std::string Written(const std::string& yaml) {
  const std::string file = testing::TempDir() + "binary_test.yaml";
  std::ofstream(file) << yaml;
  return file;
}

// A blocking TCP connection to "127.0.0.1:port".
class Connection {
 public:
  explicit Connection(const std::string& address) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    const std::vector<std::string> parts = absl::StrSplit(address, ':');
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<uint16_t>(std::stoi(parts.back())));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(socket_, reinterpret_cast<sockaddr*>(&to), sizeof to), 0);
  }
  ~Connection() { ::close(socket_); }

  void Send(const std::string& text) {
    EXPECT_EQ(::send(socket_, text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
  }
  // Until `text` has come, or the end; answers all there was.
  std::string ReadUntil(const std::string& text) {
    char bytes[4096];
    while (text.empty() || read_.find(text) == std::string::npos) {
      const ssize_t count = ::recv(socket_, bytes, sizeof bytes, 0);
      if (count <= 0) break;
      read_.append(bytes, static_cast<size_t>(count));
    }
    return read_;
  }

 private:
  int socket_;
  std::string read_;
};

TEST(Binary, TellsItsVersionAndItsUsage) {
  Program version({"--version"});
  EXPECT_EQ(version.Wait(), 0);
  EXPECT_THAT(version.out(), testing::MatchesRegex("sluice [0-9]+\\.[0-9]+\\.[0-9]+\n"));
  Program help({"--help"});
  EXPECT_EQ(help.Wait(), 0);
  EXPECT_THAT(help.out(), StartsWith("usage: sluice"));
}

TEST(Binary, AnswersAnUnknownFlagWithItsUsage) {
  Program program({"--confg=x"});
  EXPECT_EQ(program.Wait(), 2);
  EXPECT_THAT(program.err(), AllOf(HasSubstr("did you mean `--config`?"), HasSubstr("usage:")));
}

TEST(Binary, ChecksAGoodConfiguration) {
  Program program({"--check-config"});
  EXPECT_EQ(program.Wait(), 0) << program.err();
  EXPECT_EQ(program.out(), "configuration is good\n");
}

// (Its types are there only once it was built.)
TEST(Binary, WarnsOfNothingInTheDemo) {
  Program program(
      {"--check-config", "--config", std::string(SLUICE_EXAMPLES) + "/../demo/sluice.yaml"});
  program.Wait();
  EXPECT_THAT(program.err(), Not(HasSubstr("warning")));
}

TEST(Binary, ChecksTheExamples) {
  for (const char* system : {"connectome", "cortex", "multi-agent", "theo", "token-stream"}) {
    Program program(
        {"--check-config", "--config", std::string(SLUICE_EXAMPLES) + "/" + system + ".yaml"});
    EXPECT_EQ(program.Wait(), 0);
    EXPECT_EQ(program.out(), "configuration is good\n");
    EXPECT_THAT(program.err(), IsEmpty());
  }
}

TEST(Binary, WarnsOfPlainTextThatOthersCanRead) {
  const std::string open = Written(
      "http: {listen: '0.0.0.0:8080'}\nauthorizer: {grpc: {address: 'auth.example:9191'}}\n");
  Program program({"--check-config", "--config", open});
  EXPECT_EQ(program.Wait(), 0);
  EXPECT_THAT(
      program.err(),
      AllOf(HasSubstr("warning: " + open + ":1: http.listen: 0.0.0.0:8080 is not encrypted"),
            HasSubstr("warning: " + open + ":2: authorizer.grpc.address: ")));
}

TEST(Binary, SaysWhatIsWrongWithABadConfiguration) {
  const std::string file = Written("http:\n  listn: x\nlog: {level: loud}\n");
  Program program({"--check-config", "--config", file}, {{"SLUICE_HUB_SHARDS", "many"}});
  EXPECT_EQ(program.Wait(), 1);
  EXPECT_THAT(program.err(), AllOf(HasSubstr("error: " + file + ":2: http.listn: unknown key"),
                                   HasSubstr("error: " + file + ":3: log.level: "),
                                   HasSubstr("error: SLUICE_HUB_SHARDS: hub.shards: ")));
}

TEST(Binary, DoesNotStartWithABadConfiguration) {
  Program program(AnyPortsAnd({"--config", Written("http: {listn: x}")}));
  EXPECT_EQ(program.Wait(), 1);
  EXPECT_THAT(program.err(), HasSubstr("http.listn"));
}

TEST(Binary, RefusesToOpenEverythingToTheNetwork) {
  Program program({"--dev", "--http-listen=0.0.0.0:0", "--grpc-listen=127.0.0.1:0"});
  EXPECT_EQ(program.Wait(), 1);
  EXPECT_THAT(program.err(), HasSubstr("--http-listen: http.listen: --dev lets everybody"));
}

TEST(Binary, WarnsLoudlyInDev) {
  Program program(AnyPortsAnd({"--dev"}));
  program.WaitFor("http");
  EXPECT_THAT(program.err(), HasSubstr(" warning --dev: EVERY TOPIC IS OPEN"));
}

TEST(Binary, SaysWhatToDoWithoutAnAuthorizer) {
  Program program(kAnyPorts);
  program.WaitFor("http");
  EXPECT_THAT(program.err(), HasSubstr("set authorizer.grpc.address"));
}

TEST(Binary, DoesNotStartOnAPortThatIsTaken) {
  Program first(AnyPortsAnd({"--dev"}));
  for (const std::string kind : {"http", "grpc"}) {
    const std::string address = first.WaitFor(kind);
    Program second(
        {"--dev", "--" + kind + "-listen", address, kind == "http" ? kAnyPorts[1] : kAnyPorts[0]});
    EXPECT_EQ(second.Wait(), 1);
    EXPECT_THAT(second.err(), HasSubstr(address));
  }
}

TEST(Binary, DrainsOnSigtermAndSigint) {
  for (const int signal : {SIGTERM, SIGINT}) {
    Program program(AnyPortsAnd({"--dev"}));
    {
      Connection stream(program.WaitFor("http"));
      stream.Send("GET /v1/room/1 HTTP/1.1\r\nHost: x\r\n\r\n");
      EXPECT_THAT(stream.ReadUntil("event: connect"), StartsWith("HTTP/1.1 200"));
      program.Signal(signal);
      EXPECT_THAT(stream.ReadUntil(""), AllOf(HasSubstr("retry: "), EndsWith("0\r\n\r\n")));
    }
    EXPECT_EQ(program.Wait(), 0) << program.err();
    EXPECT_THAT(program.err(), AllOf(HasSubstr(" info draining "), HasSubstr(" info drained ")));
  }
}

TEST(Binary, ASecondSignalEndsItAtOnce) {
  Program program(AnyPortsAnd({"--dev"}), {{"SLUICE_DRAIN_TIMEOUT", "24h"}});
  Connection stream(program.WaitFor("http"));
  stream.Send("GET /v1/room/1 HTTP/1.1\r\nHost: x\r\n\r\n");
  stream.ReadUntil("event: connect");
  program.Signal(SIGTERM);
  program.WaitFor("timeout");  // it drains, and waits for this stream to close
  program.Signal(SIGTERM);
  EXPECT_EQ(program.Wait(), 128 + SIGTERM);
}

TEST(Binary, ADrainHasItsBound) {
  Program program(AnyPortsAnd({"--dev"}), {{"SLUICE_DRAIN_TIMEOUT", "200ms"}});
  Connection stream(program.WaitFor("http"));
  stream.Send("GET /v1/room/1 HTTP/1.1\r\nHost: x\r\n\r\n");
  stream.ReadUntil("event: connect");
  program.Signal(SIGTERM);
  EXPECT_EQ(program.Wait(), 0) << program.err();
  EXPECT_THAT(program.err(), HasSubstr(" cut=1 "));
}

}  // namespace
}  // namespace sluice

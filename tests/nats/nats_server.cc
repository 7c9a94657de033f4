#include "tests/nats/nats_server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <thread>

namespace sluice {
namespace {

constexpr auto kWithin = std::chrono::seconds(30);
constexpr int kPortsTried = 5;

int Connect(uint16_t port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0) return fd;
  close(fd);
  return -1;
}

uint16_t FreePort() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof at;
  if (bind(fd, reinterpret_cast<sockaddr*>(&at), size) != 0 ||
      getsockname(fd, reinterpret_cast<sockaddr*>(&at), &size) != 0) {
    throw std::runtime_error("no free port");
  }
  close(fd);
  return ntohs(at.sin_port);
}

}  // namespace

NatsServer::NatsServer() {
  std::string folder = std::filesystem::temp_directory_path() / "sluice-nats-XXXXXX";
  if (mkdtemp(folder.data()) == nullptr) throw std::runtime_error("mkdtemp");
  folder_ = folder;
  // (A port of its own choice would be another after each restart.) Somebody else may take it
  // before the server does: then it ends, and another is tried.
  for (int attempt = 0; process_ == 0; ++attempt) {
    port_ = FreePort();
    address_ = "nats://127.0.0.1:" + std::to_string(port_);
    try {
      Start();
    } catch (const std::runtime_error&) {
      if (process_ != 0 || attempt == kPortsTried) throw;
    }
  }
}

NatsServer::~NatsServer() {
  Kill();
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

void NatsServer::Start(const std::vector<std::string>& arguments) {
  std::vector<std::string> words = {"nats-server",         "-js", "-a",   "127.0.0.1", "-p",
                                    std::to_string(port_), "-sd", folder_};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  const int log = open((folder_ + "/log").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  process_ = fork();
  if (process_ == 0) {
    // It ends with the test, however that ends, and holds none of its pipes.
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(log, 1);
    dup2(log, 2);
    execv("/usr/sbin/nats-server", argv.data());
    _exit(127);
  }
  close(log);
  if (process_ < 0) {
    process_ = 0;
    throw std::runtime_error("cannot start nats-server");
  }
  // There when JetStream answers.
  const auto late = std::chrono::steady_clock::now() + kWithin;
  while (Ask("$JS.API.INFO").find("streams") == std::string::npos) {
    if (waitpid(process_, nullptr, WNOHANG) == process_) {
      process_ = 0;
      throw std::runtime_error("nats-server has ended");
    }
    if (std::chrono::steady_clock::now() > late) throw std::runtime_error("nats-server is not up");
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

void NatsServer::Kill() {
  if (process_ == 0) return;
  kill(process_, SIGKILL);
  waitpid(process_, nullptr, 0);
  process_ = 0;
}

void NatsServer::SaveStore() {
  std::filesystem::copy(folder_ + "/jetstream", folder_ + "/saved",
                        std::filesystem::copy_options::recursive);
}

void NatsServer::RestoreStore() {
  std::filesystem::remove_all(folder_ + "/jetstream");
  std::filesystem::rename(folder_ + "/saved", folder_ + "/jetstream");
}

void NatsServer::Freeze() {
  kill(process_, SIGSTOP);
  waitpid(process_, nullptr, WUNTRACED);  // until all its threads stand still
}

void NatsServer::Thaw() { kill(process_, SIGCONT); }

std::string NatsServer::Ask(const std::string& subject, const std::string& body) {
  const int fd = Connect(port_);
  if (fd < 0) return "";
  const timeval patience{5, 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  const std::string words = "CONNECT {\"verbose\":false}\r\nSUB answer 1\r\nPUB " + subject +
                            " answer " + std::to_string(body.size()) + "\r\n" + body + "\r\n";
  std::string heard;
  if (write(fd, words.data(), words.size()) == static_cast<ssize_t>(words.size())) {
    char buffer[4096];
    for (ssize_t n = 0; (n = read(fd, buffer, sizeof buffer)) > 0;) {
      heard.append(buffer, static_cast<size_t>(n));
      const size_t at = heard.find("MSG answer 1 ");
      if (at == std::string::npos) continue;
      const size_t begin = heard.find("\r\n", at);
      if (begin == std::string::npos) continue;
      const size_t length = std::stoul(heard.substr(at + 13));
      if (heard.size() < begin + 2 + length) continue;
      close(fd);
      return heard.substr(begin + 2, length);
    }
  }
  close(fd);
  return "";
}

}  // namespace sluice

#include "tests/fakes/fake_nats.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <sstream>
#include <stdexcept>

namespace sluice {
namespace {

void Write(int fd, const std::string& bytes) {
  for (size_t sent = 0; sent < bytes.size();) {
    const ssize_t n = send(fd, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (n <= 0) return;
    sent += static_cast<size_t>(n);
  }
}

std::vector<std::string> Words(const std::string& line) {
  std::istringstream stream(line);
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

bool Matches(const std::string& pattern, const std::string& subject) {
  std::istringstream wanted(pattern);
  std::istringstream has(subject);
  std::string want;
  std::string token;
  while (std::getline(wanted, want, '.')) {
    if (want == ">") return static_cast<bool>(std::getline(has, token, '.'));
    if (!std::getline(has, token, '.') || (want != "*" && want != token)) return false;
  }
  return !std::getline(has, token, '.');
}

}  // namespace

std::string FakeNats::Message::header(std::string_view name) const {
  const std::string line = "\r\n" + std::string(name) + ": ";
  const size_t at = headers.find(line);
  if (at == std::string::npos) return "";
  const size_t begin = at + line.size();
  return headers.substr(begin, headers.find("\r\n", begin) - begin);
}

FakeNats::FakeNats(size_t max_payload) : max_payload_(max_payload) {
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof at;
  if (bind(listener_, reinterpret_cast<sockaddr*>(&at), size) != 0 || listen(listener_, 8) != 0 ||
      getsockname(listener_, reinterpret_cast<sockaddr*>(&at), &size) != 0 || pipe(wake_) != 0) {
    throw std::runtime_error("no socket for NATS");
  }
  port_ = ntohs(at.sin_port);
  thread_ = std::thread([this] { Run(); });
}

FakeNats::~FakeNats() {
  close(wake_[1]);
  thread_.join();
  close(wake_[0]);
  close(listener_);
  for (const auto& [fd, client] : clients_) close(fd);
}

void FakeNats::Run() {
  while (true) {
    std::vector<pollfd> polled = {{wake_[0], POLLIN, 0}, {listener_, POLLIN, 0}};
    for (const auto& [fd, client] : clients_) polled.push_back({fd, POLLIN, 0});
    if (poll(polled.data(), polled.size(), -1) < 0) continue;
    if (polled[0].revents != 0) return;
    for (size_t i = 2; i < polled.size(); ++i) {
      if (polled[i].revents != 0) Hear(polled[i].fd);
    }
    if (polled[1].revents == 0) continue;
    const int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) continue;
    const int at_once = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &at_once, sizeof at_once);
    const std::lock_guard lock(mutex_);
    clients_[fd];
    Write(fd, R"(INFO {"server_id":"F","version":"2.9.10","proto":1,"headers":true,)"
              R"("jetstream":true,"host":"127.0.0.1","port":)" +
                  std::to_string(port_) + ",\"max_payload\":" + std::to_string(max_payload_) +
                  "}\r\n");
  }
}

void FakeNats::Hear(int client) {
  char buffer[65536];
  const ssize_t n = read(client, buffer, sizeof buffer);
  if (n <= 0) {
    close(client);
    const std::lock_guard lock(mutex_);
    clients_.erase(client);
    return;
  }
  Client& from = clients_[client];
  from.heard.append(buffer, static_cast<size_t>(n));
  while (TakeLine(client, from)) {
  }
}

// False: there is no whole one.
bool FakeNats::TakeLine(int client, Client& from) {
  const size_t end = from.heard.find("\r\n");
  if (end == std::string::npos) return false;
  const std::vector<std::string> words = Words(from.heard.substr(0, end));
  const std::string verb = words.empty() ? "" : words[0];
  size_t taken = end + 2;
  if (verb == "PUB" || verb == "HPUB") {
    const size_t bytes = std::stoul(words.back());
    if (from.heard.size() < taken + bytes + 2) return false;
    TakeMessage(words, from.heard.substr(taken, bytes));
    taken += bytes + 2;
  } else if (verb == "PING" && refuses_) {
    Write(client, "-ERR 'Authorization Violation'\r\n");
    shutdown(client, SHUT_WR);
  } else if (verb == "PING") {
    Write(client, "PONG\r\n");
  } else if (verb == "SUB") {
    const std::lock_guard lock(mutex_);
    from.subjects[words.back()] = words[1];
  } else if (verb == "UNSUB") {
    const std::lock_guard lock(mutex_);
    from.subjects.erase(words[1]);
  }
  from.heard.erase(0, taken);
  return true;
}

// PUB subject [reply] bytes; HPUB subject [reply] bytes-of-headers bytes.
void FakeNats::TakeMessage(const std::vector<std::string>& words, std::string bytes) {
  const bool has_headers = words[0] == "HPUB";
  const size_t headers = has_headers ? std::stoul(words[words.size() - 2]) : 0;
  Message message;
  message.subject = words[1];
  if (words.size() == (has_headers ? 5u : 4u)) message.reply = words[2];
  message.headers = bytes.substr(0, headers);
  message.body = bytes.substr(headers);
  std::optional<std::string> answer = script_ ? script_(message) : std::nullopt;
  if (answer && !message.reply.empty()) Send({message.reply, "", "", *std::move(answer)});
}

void FakeNats::Deliver(const std::string& to, const Message& message) {
  const std::lock_guard lock(mutex_);
  for (const auto& [fd, client] : clients_) {
    for (const auto& [subscription, pattern] : client.subjects) {
      if (!Matches(pattern, to)) continue;
      std::string words = message.headers.empty() ? "MSG " : "HMSG ";
      words += message.subject + " " + subscription + " ";
      if (!message.reply.empty()) words += message.reply + " ";
      if (!message.headers.empty()) words += std::to_string(message.headers.size()) + " ";
      words += std::to_string(message.headers.size() + message.body.size()) + "\r\n";
      Write(fd, words + message.headers + message.body + "\r\n");
    }
  }
}

}  // namespace sluice

// A NATS server that does what a test says: it speaks the protocol of clients on loopback, and
// puts every message that is published to a script. What a real one cannot be made to do:
// to store and not to answer, to answer late, to refuse with any error.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace sluice {

class FakeNats {
 public:
  struct Message {
    std::string subject;
    std::string reply;
    std::string headers;  // "NATS/1.0\r\nName: value\r\n\r\n", or nothing
    std::string body;

    // Empty: none of that name.
    std::string header(std::string_view name) const;
  };
  // On the server's thread. What it returns is the answer, if any.
  using Script = std::function<std::optional<std::string>(const Message&)>;

  explicit FakeNats(size_t max_payload = 1 << 20);
  ~FakeNats();
  FakeNats(const FakeNats&) = delete;
  FakeNats& operator=(const FakeNats&) = delete;

  // Before anybody connects.
  void Follow(Script script) { script_ = std::move(script); }
  // From now on nobody's credentials are right.
  void RefuseEverybody() { refuses_ = true; }
  std::string address() const { return "nats://127.0.0.1:" + std::to_string(port_); }
  // To whoever has subscribed. Any thread.
  void Send(const Message& message) { Deliver(message.subject, message); }
  // To whoever has subscribed to `to`, as a consumer does: the message keeps its subject.
  void Deliver(const std::string& to, const Message& message);

 private:
  struct Client {
    std::string heard;
    std::map<std::string, std::string> subjects;  // by subscription
  };

  void Run();
  void Hear(int client);
  bool TakeLine(int client, Client& from);
  void TakeMessage(const std::vector<std::string>& words, std::string bytes);

  const size_t max_payload_;
  uint16_t port_ = 0;
  int listener_ = -1;
  int wake_[2] = {-1, -1};
  Script script_;
  std::atomic<bool> refuses_{false};
  std::mutex mutex_;
  std::map<int, Client> clients_;  // its subjects under mutex_
  std::thread thread_;
};

}  // namespace sluice

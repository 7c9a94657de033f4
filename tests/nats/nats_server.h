// A real nats-server with JetStream for a test: its own store, on 127.0.0.1, at a port that
// was free. Ended by its process id.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace sluice {

class NatsServer {
 public:
  NatsServer();
  ~NatsServer();
  NatsServer(const NatsServer&) = delete;
  NatsServer& operator=(const NatsServer&) = delete;

  const std::string& address() const { return address_; }
  // At the address and with the store of before.
  void Start(const std::vector<std::string>& arguments = {});
  // As a machine that loses its power, but for what the kernel has written.
  void Kill();
  // While it is down: what it has stored is kept aside; and put back in place of what it has now.
  void SaveStore();
  void RestoreStore();
  void Freeze();
  void Thaw();

  // Asks JetStream's API with a connection of its own; the answer's JSON.
  std::string Ask(const std::string& subject, const std::string& body = "");

 private:
  std::string folder_;
  std::string address_;
  uint16_t port_ = 0;
  int process_ = 0;
};

}  // namespace sluice

// Accepts the connections of the gRPC port and gives them to gRPC.
//
// gRPC 1.51's own listener accepts without bound, and never again once accept() has
// failed for want of open files. This one pauses and goes on. Where there are as many
// connections as may be, the stranger that came first makes room.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "bridge/rpc/connections.h"

namespace sluice {

class Acceptor {
 public:
  struct Bounds {
    uint32_t connections = 0;
    // That strangers may have sent, all of them together.
    uint64_t strangers_bytes = 0;
  };
  struct Events {
    // A connected, non-blocking socket, which is the callee's from now on.
    std::function<void(int socket)> accepted;
    // One too many has been closed, or has made room for another.
    std::function<void()> refused;
  };

  // Counts the connections there; they outlive it.
  explicit Acceptor(Connections& connections) : connections_(connections) {}
  ~Acceptor() { Stop(); }
  Acceptor(const Acceptor&) = delete;
  Acceptor& operator=(const Acceptor&) = delete;

  // "127.0.0.1:9090", "[::]:9090". UNAVAILABLE says why not.
  absl::Status Listen(const std::string& address);
  // The real one, where Listen was told 0.
  int port() const { return port_; }

  // Calls on a thread of its own.
  void Start(Bounds bounds, Events events);
  // Nothing is accepted or called any more.
  void Stop();

 private:
  void Run();
  bool AcceptOne();
  bool HasRoom();
  bool MakeRoom(absl::Time now);
  void BoundStrangers();

  Connections& connections_;
  int listener_ = -1;
  int wake_ = -1;  // an eventfd
  int port_ = 0;
  Bounds bounds_;
  Events events_;
  std::atomic<bool> stopping_{false};
  std::thread thread_;

  // The thread's.
  absl::Time recount_at_ = absl::InfinitePast();
  absl::Time look_at_ = absl::InfinitePast();
  absl::Time next_log_ = absl::InfinitePast();
  absl::Time next_strangers_log_ = absl::InfinitePast();
};

}  // namespace sluice

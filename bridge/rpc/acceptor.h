// Accepts the connections of the gRPC port and gives them to gRPC.
//
// gRPC 1.51's own listener accepts without bound, and never again once accept() has
// failed for want of open files. This one pauses and goes on.
//
// How many of the connections are still open nobody tells: gRPC owns their sockets and
// closes them. But the kernel gives every socket a cookie (SO_COOKIE) that it never gives
// to another, so a descriptor that no longer answers its cookie has been closed, whatever
// has its number now. They are counted again only where the bound is reached.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <unordered_map>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace sluice {

// Sockets that somebody else closes.
class OpenSockets {
 public:
  // False: it has no cookie, so it is no socket.
  bool Add(int socket);
  // Those that are known to be open, or have been closed since they were last counted.
  size_t known() const { return cookies_.size(); }
  // Forgets those that have been closed.
  void Recount();

 private:
  std::unordered_map<int, uint64_t> cookies_;  // by descriptor
};

class Acceptor {
 public:
  struct Events {
    // A connected, non-blocking socket, which is the callee's from now on.
    std::function<void(int socket)> accepted;
    // One too many has been closed.
    std::function<void()> refused;
  };

  Acceptor() = default;
  ~Acceptor() { Stop(); }
  Acceptor(const Acceptor&) = delete;
  Acceptor& operator=(const Acceptor&) = delete;

  // "127.0.0.1:9090", "[::]:9090". UNAVAILABLE says why not.
  absl::Status Listen(const std::string& address);
  // The real one, where Listen was told 0.
  int port() const { return port_; }

  // Calls on a thread of its own.
  void Start(uint32_t connections_max, Events events);
  // Nothing is accepted or called any more.
  void Stop();

 private:
  void Run();
  bool AcceptOne();
  bool HasRoom();

  int listener_ = -1;
  int wake_ = -1;  // an eventfd
  int port_ = 0;
  uint32_t connections_max_ = 0;
  Events events_;
  std::atomic<bool> stopping_{false};
  std::thread thread_;

  // The thread's.
  OpenSockets open_;
  absl::Time recount_at_ = absl::InfinitePast();
  absl::Time next_log_ = absl::InfinitePast();
};

}  // namespace sluice

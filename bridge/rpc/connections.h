// The connections of the gRPC port, and which of them are of strangers: those over which
// nothing has been allowed to anybody yet. Strangers make room for others, and what they send
// is bounded.
//
// gRPC owns the sockets and closes them, and nobody tells which are still open. But the kernel
// gives every socket a cookie (SO_COOKIE) that it never gives to another, so a descriptor that
// no longer answers its cookie has been closed, whatever has its number now.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "bridge/base/mutex.h"

struct sockaddr_storage;

namespace sluice {

// "127.0.0.1:9090", "[::1]:9090": as PeerAddress says it.
std::string FormatPeer(const sockaddr_storage& peer);

// Thread-safe.
class Connections {
 public:
  // False: it has no cookie, so it is no socket.
  bool Add(int socket, std::string peer);
  // Those that are known to be open, or have been closed since they were last counted.
  size_t known() const;
  size_t strangers() const;
  // Forgets those that have been closed.
  void Recount();

  // Something was allowed to who calls from there; from now on that is no stranger.
  void Allow(const std::string& peer);
  bool IsStranger(const std::string& peer) const;

  // Ends the stranger that came first. False: there is none, or too many that were ended have
  // still to be closed by gRPC.
  bool EndOldestStranger();
  // Ends those that have sent their share or more, the oldest first, until the others have sent
  // no more than this together. Answers how many.
  size_t BoundStrangers(uint64_t bytes_max);

 private:
  struct Connection {
    uint64_t cookie;
    std::string peer;
    uint64_t arrival;  // as a stranger; 0: it is none
  };

  void Forget(int socket) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // False: there is no descriptor for it.
  bool End(int socket) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  mutable Mutex mutex_;
  uint64_t arrivals_ ABSL_GUARDED_BY(mutex_) = 0;
  std::unordered_map<int, Connection> open_ ABSL_GUARDED_BY(mutex_);
  std::unordered_map<std::string, int> by_peer_ ABSL_GUARDED_BY(mutex_);
  std::map<uint64_t, int> strangers_ ABSL_GUARDED_BY(mutex_);  // by their arrival
  // Those that were ended; gRPC closes them in a moment. Cookies by descriptor.
  std::unordered_map<int, uint64_t> ended_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace sluice

#include "bridge/rpc/connections.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <utility>

#include "absl/strings/str_cat.h"

namespace sluice {
namespace {

// Sockets that were ended and are still open: past this, newcomers are refused instead.
constexpr size_t kEndedMax = 64;

// 0: there is no such socket.
uint64_t CookieOf(int socket) {
  uint64_t cookie = 0;
  socklen_t size = sizeof(cookie);
  return getsockopt(socket, SOL_SOCKET, SO_COOKIE, &cookie, &size) == 0 ? cookie : 0;
}

// What has come over it so far.
uint64_t BytesReceived(int socket) {
  tcp_info info{};
  socklen_t size = sizeof(info);
  if (getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return 0;
  const bool told = size >= offsetof(tcp_info, tcpi_bytes_received) + sizeof(uint64_t);
  return told ? info.tcpi_bytes_received : 0;
}

// A descriptor of our own, so that what is ended is what was meant: between a look at the
// cookie and the end, gRPC may have closed the socket, and another may have its number. False:
// there are no more descriptors.
bool ShutDown(int socket, uint64_t cookie) {
  const int own = fcntl(socket, F_DUPFD_CLOEXEC, 0);
  if (own < 0) return errno == EBADF;
  if (CookieOf(own) == cookie) (void)shutdown(own, SHUT_RDWR);
  close(own);
  return true;
}

}  // namespace

std::string FormatPeer(const sockaddr_storage& peer) {
  char text[INET6_ADDRSTRLEN] = "";
  if (peer.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(peer);
    inet_ntop(AF_INET, &v4.sin_addr, text, sizeof(text));
    return absl::StrCat(text, ":", ntohs(v4.sin_port));
  }
  if (peer.ss_family != AF_INET6) return "";
  const auto& v6 = reinterpret_cast<const sockaddr_in6&>(peer);
  if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) {
    inet_ntop(AF_INET, &v6.sin6_addr.s6_addr[12], text, sizeof(text));
    return absl::StrCat(text, ":", ntohs(v6.sin6_port));
  }
  inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof(text));
  const std::string scope = v6.sin6_scope_id == 0 ? "" : absl::StrCat("%", v6.sin6_scope_id);
  return absl::StrCat("[", text, scope, "]:", ntohs(v6.sin6_port));
}

bool Connections::Add(int socket, std::string peer) {
  const uint64_t cookie = CookieOf(socket);
  if (cookie == 0) return false;
  const MutexLock lock(&mutex_);
  // (Of one that was closed.)
  Forget(socket);
  if (const auto before = by_peer_.find(peer); before != by_peer_.end()) Forget(before->second);
  const uint64_t arrival = ++arrivals_;
  strangers_.emplace(arrival, socket);
  by_peer_.emplace(peer, socket);
  open_.emplace(socket, Connection{cookie, std::move(peer), arrival});
  return true;
}

size_t Connections::known() const {
  const MutexLock lock(&mutex_);
  return open_.size();
}

size_t Connections::strangers() const {
  const MutexLock lock(&mutex_);
  return strangers_.size();
}

void Connections::Recount() {
  const MutexLock lock(&mutex_);
  std::vector<int> closed;
  for (const auto& [socket, connection] : open_) {
    if (CookieOf(socket) != connection.cookie) closed.push_back(socket);
  }
  for (const int socket : closed) Forget(socket);
}

void Connections::Allow(const std::string& peer) {
  const MutexLock lock(&mutex_);
  const auto found = by_peer_.find(peer);
  if (found == by_peer_.end()) return;
  strangers_.erase(std::exchange(open_.at(found->second).arrival, 0));
}

bool Connections::IsStranger(const std::string& peer) const {
  const MutexLock lock(&mutex_);
  const auto found = by_peer_.find(peer);
  return found == by_peer_.end() || open_.at(found->second).arrival != 0;
}

bool Connections::EndOldestStranger() {
  const MutexLock lock(&mutex_);
  std::erase_if(ended_, [](const auto& ended) { return CookieOf(ended.first) != ended.second; });
  if (strangers_.empty() || ended_.size() >= kEndedMax) return false;
  return End(strangers_.begin()->second);
}

size_t Connections::BoundStrangers(uint64_t bytes_max) {
  struct Sent {
    uint64_t arrival;
    int socket;
    uint64_t bytes = 0;
  };
  std::vector<Sent> strangers;
  {
    const MutexLock lock(&mutex_);
    for (const auto& [arrival, socket] : strangers_) strangers.push_back({arrival, socket});
  }
  // (It takes a while where there are thousands, and no publisher waits for it. Should one have
  // been closed meanwhile, these are another's bytes, and that is noticed below.)
  for (Sent& sent : strangers) sent.bytes = BytesReceived(sent.socket);
  const MutexLock lock(&mutex_);
  std::erase_if(strangers, [this](const Sent& sent) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (!strangers_.contains(sent.arrival)) return true;
    if (CookieOf(sent.socket) == open_.at(sent.socket).cookie) return false;
    Forget(sent.socket);
    return true;
  });
  uint64_t together = 0;
  for (const Sent& sent : strangers) together += sent.bytes;
  // From the oldest on, of those that have sent their share or more: newcomers, whose first
  // publish is on its way, stay.
  const uint64_t share = strangers.empty() ? 0 : together / strangers.size();
  size_t ended = 0;
  for (const Sent& sent : strangers) {
    if (together <= bytes_max) break;
    if (sent.bytes < share) continue;
    if (!End(sent.socket)) break;
    together -= sent.bytes;
    ++ended;
  }
  return ended;
}

void Connections::Forget(int socket) {
  const auto found = open_.find(socket);
  if (found == open_.end()) return;
  strangers_.erase(found->second.arrival);
  by_peer_.erase(found->second.peer);
  open_.erase(found);
}

bool Connections::End(int socket) {
  const uint64_t cookie = open_.at(socket).cookie;
  if (!ShutDown(socket, cookie)) return false;
  ended_[socket] = cookie;
  Forget(socket);
  return true;
}

}  // namespace sluice

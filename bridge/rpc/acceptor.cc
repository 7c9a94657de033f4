#include "bridge/rpc/acceptor.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "bridge/base/log.h"

namespace sluice {
namespace {

// When the process has no more files, or the machine no more memory.
constexpr int kPauseAfterErrorMs = 100;
// A flood past the bound does not make each of its connections a count of all others.
constexpr absl::Duration kBetweenCounts = absl::Milliseconds(100);
constexpr absl::Duration kBetweenLines = absl::Seconds(1);
constexpr absl::Duration kBetweenStrangersLines = absl::Seconds(10);
// Between looks at what strangers send.
constexpr int kLookMs = 100;

absl::Status Failed(const std::string& address, const char* what) {
  return absl::UnavailableError(
      absl::StrCat(address, " cannot be listened on: ", what, ": ", strerror(errno),
                   errno == EADDRINUSE ? " (is another process using it?)" : ""));
}

void SetOption(int socket, int level, int name, int value) {
  // (What an option is for can be done without.)
  (void)setsockopt(socket, level, name, &value, sizeof(value));
}

int PortOf(int listener) {
  sockaddr_storage address{};
  socklen_t size = sizeof(address);
  if (getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) != 0) return 0;
  return ntohs(address.ss_family == AF_INET6
                   ? reinterpret_cast<const sockaddr_in6&>(address).sin6_port
                   : reinterpret_cast<const sockaddr_in&>(address).sin_port);
}

}  // namespace

absl::Status Acceptor::Listen(const std::string& address) {
  const size_t colon = address.rfind(':');
  std::string host = address.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (colon == std::string::npos ||
      getaddrinfo(host.c_str(), address.substr(colon + 1).c_str(), &hints, &found) != 0) {
    return absl::UnavailableError(absl::StrCat(address, " is not an IP address and a port"));
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> free_later(found, freeaddrinfo);
  listener_ = socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (listener_ < 0) return Failed(address, "socket");
  SetOption(listener_, SOL_SOCKET, SO_REUSEADDR, 1);
  if (found->ai_family == AF_INET6) SetOption(listener_, IPPROTO_IPV6, IPV6_V6ONLY, 0);
  if (bind(listener_, found->ai_addr, found->ai_addrlen) != 0) return Failed(address, "bind");
  if (listen(listener_, SOMAXCONN) != 0) return Failed(address, "listen");
  wake_ = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (wake_ < 0) return Failed(address, "eventfd");
  port_ = PortOf(listener_);
  return absl::OkStatus();
}

void Acceptor::Start(Bounds bounds, Events events) {
  bounds_ = bounds;
  events_ = std::move(events);
  thread_ = std::thread([this] { Run(); });
}

void Acceptor::Stop() {
  stopping_ = true;
  if (thread_.joinable()) {
    eventfd_write(wake_, 1);
    thread_.join();
  }
  if (listener_ >= 0) close(std::exchange(listener_, -1));
  if (wake_ >= 0) close(std::exchange(wake_, -1));
}

void Acceptor::Run() {
  bool pausing = false;
  while (!stopping_) {
    const int wait_ms = pausing ? kPauseAfterErrorMs : connections_.strangers() > 0 ? kLookMs : -1;
    pollfd waited[] = {{wake_, POLLIN, 0}, {listener_, POLLIN, 0}};
    // In a pause it waits to be stopped, and for nothing else.
    (void)poll(waited, pausing ? 1 : 2, wait_ms);
    pausing = !stopping_ && !AcceptOne();
    BoundStrangers();
  }
}

// False: accept() cannot go on now.
bool Acceptor::AcceptOne() {
  sockaddr_storage peer{};
  socklen_t size = sizeof(peer);
  const int socket =
      accept4(listener_, reinterpret_cast<sockaddr*>(&peer), &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (socket < 0) {
    // These are of the one connection that was about to be accepted, or of none.
    for (const int harmless : {EAGAIN, EWOULDBLOCK, EINTR, ECONNABORTED, EPROTO, ENETDOWN,
                               EHOSTUNREACH, ENETUNREACH, EPERM, ETIMEDOUT}) {
      if (errno == harmless) return true;
    }
    const char* why = strerror(errno);
    const absl::Time now = absl::Now();
    if (now < next_log_) return false;
    next_log_ = now + kBetweenLines;
    log::Warning("cannot accept a connection", {{"listener", "grpc"}, {"error", why}});
    return false;
  }
  if (!HasRoom() || !connections_.Add(socket, FormatPeer(peer))) {
    close(socket);
    events_.refused();
    return true;
  }
  SetOption(socket, IPPROTO_TCP, TCP_NODELAY, 1);
  events_.accepted(socket);
  return true;
}

bool Acceptor::HasRoom() {
  if (connections_.known() < bounds_.connections) return true;
  const absl::Time now = absl::Now();
  if (now >= recount_at_) {
    connections_.Recount();
    recount_at_ = now + kBetweenCounts;
  }
  return connections_.known() < bounds_.connections || MakeRoom(now);
}

bool Acceptor::MakeRoom(absl::Time now) {
  if (!connections_.EndOldestStranger()) {
    if (now < next_log_) return false;
    next_log_ = now + kBetweenLines;
    log::Warning("too many gRPC connections", {{"open", connections_.known()}});
    return false;
  }
  events_.refused();
  if (now >= next_strangers_log_) {
    next_strangers_log_ = now + kBetweenStrangersLines;
    log::Warning("gRPC connections that were allowed nothing make room for new ones",
                 {{"strangers", connections_.strangers()}});
  }
  return true;
}

void Acceptor::BoundStrangers() {
  const absl::Time now = absl::Now();
  if (now < look_at_) return;
  look_at_ = now + absl::Milliseconds(kLookMs);
  const size_t ended = connections_.BoundStrangers(bounds_.strangers_bytes);
  for (size_t i = 0; i < ended; ++i) events_.refused();
  if (ended == 0 || now < next_log_) return;
  next_log_ = now + kBetweenLines;
  log::Warning("gRPC connections that were allowed nothing have sent too much",
               {{"closed", ended}});
}

}  // namespace sluice

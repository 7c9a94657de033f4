#include "bench/process/loopback.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "bench/process/fail.h"

namespace sluice::bench {
namespace {

constexpr int kSilenceSeconds = 10;

sockaddr_in Loopback(uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

}  // namespace

uint16_t FreePort() {
  const int socket = Must(::socket(AF_INET, SOCK_STREAM, 0), "socket");
  sockaddr_in address = Loopback(0);
  socklen_t size = sizeof(address);
  Must(bind(socket, reinterpret_cast<sockaddr*>(&address), size), "bind");
  Must(getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size), "getsockname");
  close(socket);
  return ntohs(address.sin_port);
}

std::string LoopbackAddress(uint16_t port) { return absl::StrCat("127.0.0.1:", port); }

int ConnectTo(uint16_t port) {
  const int socket = Must(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
  const timeval timeout{.tv_sec = kSilenceSeconds, .tv_usec = 0};
  Must(setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)), "setsockopt");
  const sockaddr_in address = Loopback(port);
  if (connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0) {
    return socket;
  }
  close(socket);
  return -1;
}

}  // namespace sluice::bench

#include "bridge/server/config/listen_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <cstdint>
#include <optional>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace sluice {
namespace {

bool IsPort(const std::string& text) {
  uint32_t port = 0;
  return !text.empty() && text.size() <= 5 &&
         text.find_first_not_of("0123456789") == std::string::npos &&
         absl::SimpleAtoi(text, &port) && port <= 65535;
}

// Nothing: `host` is no IP address.
std::optional<bool> IsLoopback(const std::string& host) {
  in_addr v4{};
  if (inet_pton(AF_INET, host.c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24) == 127;
  in6_addr v6{};
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed && inet_pton(AF_INET6, host.substr(1, host.size() - 2).c_str(), &v6) == 1) {
    return IN6_IS_ADDR_LOOPBACK(&v6);
  }
  return std::nullopt;
}

}  // namespace

absl::StatusOr<ListenAddress> ParseListenAddress(const std::string& text) {
  const size_t colon = text.rfind(':');
  if (colon != std::string::npos && IsPort(text.substr(colon + 1))) {
    std::string host = text.substr(0, colon);
    if (host == "localhost") host = "127.0.0.1";
    if (const auto loopback = IsLoopback(host)) {
      return ListenAddress{absl::StrCat(host, text.substr(colon)), *loopback};
    }
  }
  return absl::InvalidArgumentError(
      absl::StrCat("\"", text,
                   "\" is not an IP address and a port: write \"127.0.0.1:8080\", \"0.0.0.0:8080\" "
                   "or \"[::1]:8080\""));
}

}  // namespace sluice

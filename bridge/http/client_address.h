// Who a request comes from, where proxies stand before the bridge: they say so in
// Forwarded (RFC 7239) or X-Forwarded-For, and so can anybody else. Only those that the
// configuration names are believed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "bridge/base/ip_address.h"
#include "bridge/http/request_head.h"

namespace sluice {

struct ForwardedClient {
  IpAddress address;
  uint16_t port = 0;          // 0: not told
  std::optional<bool> https;  // whether it spoke https with its proxy, where that is told
};

// Whether `peer`, an address, is one of the proxies that are believed.
bool IsTrusted(const IpNetworks& proxies, std::string_view peer);

// Read from the right, which is what the nearest proxy has written, past those that are
// trusted; what stands further to the left is anybody's. Nothing: `peer` is the client
// itself, or what its proxy says of it cannot be read, or says two things.
std::optional<ForwardedClient> FindForwardedClient(const RequestHead& head,
                                                   const IpNetworks& proxies,
                                                   std::string_view peer);

// What an address is counted as: itself, or the /64 that an IPv6 address is one of, because
// one client has all of those.
std::string CountedAs(std::string_view address);

}  // namespace sluice

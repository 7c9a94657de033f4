// IP addresses, and networks of them.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

namespace sluice {

// IPv6; IPv4 as ::ffff:a.b.c.d.
using IpAddress = std::array<uint8_t, 16>;

// "192.0.2.1", "2001:db8::1". Nothing: it is none.
std::optional<IpAddress> ParseIpAddress(std::string_view text);
std::string FormatIpAddress(const IpAddress& address);
bool IsIpv4(const IpAddress& address);

class IpNetworks {
 public:
  // An address or a network: "::1", "10.0.0.0/8". INVALID_ARGUMENT: it is neither.
  absl::Status Add(std::string_view text);

  bool Has(const IpAddress& address) const;
  bool empty() const { return networks_.empty(); }

 private:
  struct Network {
    IpAddress address;
    int bits;
  };
  std::vector<Network> networks_;
};

}  // namespace sluice

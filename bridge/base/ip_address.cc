#include "bridge/base/ip_address.h"

#include <arpa/inet.h>

#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "bridge/base/text.h"

namespace sluice {
namespace {

constexpr size_t kTextBytesMax = INET6_ADDRSTRLEN;
constexpr size_t kIpv4At = 12;
constexpr IpAddress kIpv4 = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

}  // namespace

std::optional<IpAddress> ParseIpAddress(std::string_view text) {
  if (text.size() >= kTextBytesMax || text.find('\0') != std::string_view::npos) {
    return std::nullopt;
  }
  const std::string terminated(text);
  IpAddress address = kIpv4;
  if (inet_pton(AF_INET, terminated.c_str(), address.data() + kIpv4At) == 1) return address;
  if (inet_pton(AF_INET6, terminated.c_str(), address.data()) == 1) return address;
  return std::nullopt;
}

std::string FormatIpAddress(const IpAddress& address) {
  std::array<char, kTextBytesMax> text{};
  if (IsIpv4(address)) {
    inet_ntop(AF_INET, address.data() + kIpv4At, text.data(), text.size());
  } else {
    inet_ntop(AF_INET6, address.data(), text.data(), text.size());
  }
  return text.data();
}

bool IsIpv4(const IpAddress& address) {
  return std::equal(address.begin(), address.begin() + kIpv4At, kIpv4.begin());
}

absl::Status IpNetworks::Add(std::string_view text) {
  const size_t slash = text.find('/');
  const std::optional<IpAddress> address = ParseIpAddress(text.substr(0, slash));
  const int bits_max = address && IsIpv4(*address) ? 32 : 128;
  int bits = bits_max;
  const bool good =
      slash == std::string_view::npos ||
      (absl::SimpleAtoi(AsAbsl(text.substr(slash + 1)), &bits) && bits >= 0 && bits <= bits_max);
  if (!address || !good) {
    return absl::InvalidArgumentError(absl::StrCat(
        "\"", AsAbsl(text), "\" is neither an address nor a network like \"10.0.0.0/8\""));
  }
  networks_.push_back({*address, bits + 128 - bits_max});
  return absl::OkStatus();
}

bool IpNetworks::Has(const IpAddress& address) const {
  return std::any_of(networks_.begin(), networks_.end(), [&](const Network& network) {
    const auto whole = static_cast<size_t>(network.bits / 8);
    if (!std::equal(address.begin(), address.begin() + whole, network.address.begin())) {
      return false;
    }
    const int rest = network.bits % 8;
    return rest == 0 || (address[whole] ^ network.address[whole]) >> (8 - rest) == 0;
  });
}

}  // namespace sluice

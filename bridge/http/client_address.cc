#include "bridge/http/client_address.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "bridge/base/text.h"

namespace sluice {
namespace {

std::string_view Trimmed(std::string_view text) {
  const absl::string_view trimmed = absl::StripAsciiWhitespace(AsAbsl(text));
  return {trimmed.data(), trimmed.size()};
}

std::optional<uint16_t> ParsePort(std::string_view text) {
  uint32_t port = 0;
  if (text.empty() || text.size() > 5 ||
      !std::all_of(text.begin(), text.end(), absl::ascii_isdigit))
    return std::nullopt;
  if (!absl::SimpleAtoi(AsAbsl(text), &port) || port > 65535) return std::nullopt;
  return static_cast<uint16_t>(port);
}

// "192.0.2.1", "192.0.2.1:80", "[2001:db8::1]:80", and, where `bare_v6`, "2001:db8::1".
std::optional<ForwardedClient> ParseNode(std::string_view node, bool bare_v6) {
  std::string_view host = node;
  std::string_view port;
  if (node.starts_with('[')) {
    const size_t end = node.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    host = node.substr(1, end - 1);
    port = node.substr(end + 1);
    if (host.find(':') == std::string_view::npos) return std::nullopt;
    if (!port.empty() && port.front() != ':') return std::nullopt;
  } else if (const size_t colon = node.find(':'); colon != std::string_view::npos) {
    const bool one = node.find(':', colon + 1) == std::string_view::npos;
    if (!one && !bare_v6) return std::nullopt;
    if (one) {
      host = node.substr(0, colon);
      port = node.substr(colon);
    }
  }
  const std::optional<IpAddress> address = ParseIpAddress(host);
  if (!address) return std::nullopt;
  ForwardedClient hop{*address};
  if (port.empty()) return hop;
  const std::optional<uint16_t> number = ParsePort(port.substr(1));
  if (!number) return std::nullopt;
  hop.port = *number;
  return hop;
}

// Cuts the last element off a list. Commas inside of quotes separate nothing, where
// `quotes`; it goes from the right, so that nothing on the left can change what it finds.
std::string_view TakeLast(std::string_view& list, bool quotes) {
  bool quoted = false;
  for (size_t i = list.size(); i > 0; --i) {
    const char c = list[i - 1];
    if (quotes && c == '"') quoted = !quoted;
    if (c != ',' || quoted) continue;
    const std::string_view last = list.substr(i);
    list = list.substr(0, i - 1);
    return last;
  }
  return std::exchange(list, {});
}

// "for=192.0.2.1;proto=https", "for=\"[2001:db8::1]:4711\"". Names of nodes ("unknown",
// "_hidden") tell no address.
std::optional<ForwardedClient> ParseForwarded(std::string_view element) {
  std::optional<ForwardedClient> hop;
  std::optional<bool> https;
  // (No address needs a '\\'. And a quote that is open would reach further to the left.)
  if (element.find('\\') != std::string_view::npos ||
      std::count(element.begin(), element.end(), '"') % 2 != 0) {
    return std::nullopt;
  }
  while (!element.empty()) {
    const std::string_view whole = element.substr(0, element.find(';'));
    element.remove_prefix(std::min(element.size(), whole.size() + 1));
    const std::string_view pair = Trimmed(whole);
    const size_t equals = pair.find('=');
    if (equals == std::string_view::npos) return std::nullopt;
    const absl::string_view name = AsAbsl(pair.substr(0, equals));
    std::string_view value = pair.substr(equals + 1);
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"') {
      value = value.substr(1, value.size() - 2);
    }
    if (absl::EqualsIgnoreCase(name, "for")) {
      if (hop) return std::nullopt;
      hop = ParseNode(value, false);
      if (!hop) return std::nullopt;
    } else if (absl::EqualsIgnoreCase(name, "proto")) {
      https = absl::EqualsIgnoreCase(AsAbsl(value), "https");
    }
  }
  if (hop) hop->https = https;
  return hop;
}

std::optional<bool> ForwardedProto(const RequestHead& head) {
  const std::optional<std::string> proto = head.Field("x-forwarded-proto");
  if (!proto) return std::nullopt;
  std::string_view list = *proto;
  return absl::EqualsIgnoreCase(AsAbsl(Trimmed(TakeLast(list, false))), "https");
}

// The first from the right that is no proxy of ours. `forwarded`: they are written as the
// standard says.
std::optional<ForwardedClient> FindClient(std::string_view hops, bool forwarded,
                                          const IpNetworks& proxies) {
  std::optional<ForwardedClient> client;
  while (!hops.empty()) {
    const std::string_view element = Trimmed(TakeLast(hops, forwarded));
    client = forwarded ? ParseForwarded(element) : ParseNode(element, true);
    if (!client || !proxies.Has(client->address)) break;
  }
  return client;
}

// A proxy that writes one of the fields passes on what its client wrote into the other, and
// nothing tells which is which: only what both say counts.
std::optional<ForwardedClient> Common(const std::optional<ForwardedClient>& one,
                                      const std::optional<ForwardedClient>& other) {
  if (!one || !other || one->address != other->address || one->https != other->https) {
    return std::nullopt;
  }
  ForwardedClient client = *one;
  if (one->port != other->port) client.port = 0;
  return client;
}

}  // namespace

bool IsTrusted(const IpNetworks& proxies, std::string_view peer) {
  if (proxies.empty()) return false;
  const std::optional<IpAddress> address = ParseIpAddress(peer);
  return address && proxies.Has(*address);
}

std::optional<ForwardedClient> FindForwardedClient(const RequestHead& head,
                                                   const IpNetworks& proxies,
                                                   std::string_view peer) {
  if (!IsTrusted(proxies, peer)) return std::nullopt;
  const std::optional<std::string> forwarded = head.Field("forwarded");
  const std::optional<std::string> forwarded_for = head.Field("x-forwarded-for");
  std::optional<ForwardedClient> standard;
  if (forwarded) standard = FindClient(*forwarded, true, proxies);
  if (!forwarded_for) return standard;
  std::optional<ForwardedClient> client = FindClient(*forwarded_for, false, proxies);
  if (client) client->https = ForwardedProto(head);
  return forwarded ? Common(client, standard) : client;
}

std::string CountedAs(std::string_view address) {
  std::optional<IpAddress> parsed = ParseIpAddress(address);
  if (!parsed || IsIpv4(*parsed)) return std::string(address);
  std::fill(parsed->begin() + 8, parsed->end(), uint8_t{0});
  return absl::StrCat(FormatIpAddress(*parsed), "/64");
}

}  // namespace sluice

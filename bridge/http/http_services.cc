#include "bridge/http/http_services.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "bridge/base/open_files.h"

namespace sluice {
namespace {

constexpr uint32_t kConnectionsReserved = 64;
// No machine has more.
constexpr uint32_t kSessionsMax = 10'000'000;
// Open files that are not connections: logs, backends, the shards' own.
constexpr uint64_t kOtherFiles = 128;

uint32_t SessionsMax(uint32_t configured) {
  if (configured > 0) return std::min(configured, kSessionsMax);
  const OpenFiles files = ShareOpenFiles();
  const uint64_t taken = kOtherFiles + kConnectionsReserved + files.rpc;
  const uint64_t left = files.all > taken ? files.all - taken : 0;
  return static_cast<uint32_t>(std::clamp<uint64_t>(left, 64, kSessionsMax));
}

IpNetworks ProxiesOf(const HttpOptions& options) {
  IpNetworks proxies;
  // (They were checked where they were configured.)
  for (const std::string& network : options.trusted_proxies) proxies.Add(network).IgnoreError();
  return proxies;
}

}  // namespace

HttpServices::HttpServices(HttpOptions http_options, HttpContext http_context)
    : options(std::move(http_options)),
      context(std::move(http_context)),
      cors(options.cors),
      connections(SessionsMax(options.sessions_max) + kConnectionsReserved),
      ops_connections(kConnectionsReserved),
      streams(SessionsMax(options.sessions_max)),
      streams_of_address(options.sessions_per_address_max),
      streams_of_subject(options.sessions_per_subject_max),
      new_streams_of_address(options.new_sessions_per_address_max, *context.clock),
      new_streams_of_subject(options.new_sessions_per_subject_max, *context.clock),
      proxies(ProxiesOf(options)) {}

Peer ClientOf(const IpNetworks& proxies, const Peer& peer, const RequestHead& head) {
  if (!IsTrusted(proxies, peer.address)) return peer;
  Peer client = peer;
  // They are the proxy's own, whoever it speaks for.
  client.certificate_names = std::vector<std::string>();
  client.certificate_validity = {};
  const auto forwarded = FindForwardedClient(head, proxies, peer.address);
  if (!forwarded) return client;
  client.address = FormatIpAddress(forwarded->address);
  const bool v6 = !IsIpv4(forwarded->address);
  client.address_and_port =
      absl::StrCat(v6 ? "[" : "", client.address, v6 ? "]:" : ":", forwarded->port);
  client.secure = forwarded->https.value_or(peer.secure);
  return client;
}

}  // namespace sluice

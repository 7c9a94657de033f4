#include "bridge/server/revocation_followers.h"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "bridge/base/log.h"
#include "bridge/hub/disconnecting.h"
#include "bridge/hub/hub.h"

namespace sluice {
namespace {

// Within this time all streams are asked about again, where something may have been
// missed.
constexpr absl::Duration kDoubtWithin = absl::Seconds(10);

void Revoke(Disconnects& disconnects, Revocation revocation) {
  const std::string subject = revocation.subject;
  const std::string topic = revocation.pattern ? revocation.pattern->text() : revocation.topic;
  const std::string why = revocation.reason;
  disconnects.Disconnect(
      std::move(revocation), DisconnectedBy::kAuthorizer,
      [subject, topic, why](uint64_t disconnected) {
        log::Info(
            "taken back by an authorizer",
            {{"subject", subject}, {"topic", topic}, {"why", why}, {"streams", disconnected}});
      });
}

}  // namespace

std::vector<std::unique_ptr<RevocationFollower>> FollowRevocations(
    const AuthorizersOptions& options, Disconnects& disconnects, Revocations& revocations,
    Hub& hub) {
  std::map<std::string, std::optional<ClientTlsOptions>> servers;  // by address
  for (const auto& [name, authorizer] : options.by_name) {
    const auto* grpc = std::get_if<GrpcAuthorizerOptions>(&authorizer);
    if (grpc != nullptr && grpc->watch_revocations) {
      std::optional<ClientTlsOptions>& tls = servers[grpc->address];
      if (!tls) tls = grpc->tls;
    }
  }
  std::vector<std::unique_ptr<RevocationFollower>> followers;
  for (const auto& [address, tls] : servers) {
    const auto listens_from = std::make_shared<Revocations::Moment>(0);
    RevocationFollower::Told told{
        .listening = [listens_from, &revocations] { *listens_from = revocations.Mark(); },
        .revoked =
            [&disconnects](Revocation revocation) { Revoke(disconnects, std::move(revocation)); },
        // In this order, as where something is taken back: what is on its way sees the
        // doubt, or is visited.
        .missed =
            [listens_from, &revocations, &hub] {
              revocations.DoubtBefore(*listens_from);
              hub.Doubt(kDoubtWithin);
            }};
    followers.push_back(std::make_unique<RevocationFollower>(
        RevocationFollowerOptions{.address = address, .tls = tls}, std::move(told)));
  }
  return followers;
}

}  // namespace sluice

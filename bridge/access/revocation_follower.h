// Follows sluice.v1.Authorizer/WatchRevocations: what an authorizer takes back before its
// time.
//
// Optional on the other side: an authorizer that does not have it is asked rarely whether
// it has it now. A call that ends is made again, later each time.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/time/time.h"
#include "bridge/access/client_tls_options.h"
#include "bridge/access/revocations.h"

namespace sluice {

struct RevocationFollowerOptions {
  std::string address;  // "host:port" or "unix:/path"
  std::optional<ClientTlsOptions> tls;
  absl::Duration pause_min = absl::Seconds(1);
  absl::Duration pause_max = absl::Seconds(30);
  absl::Duration pause_unimplemented = absl::Minutes(5);
};

class RevocationFollower {
 public:
  // Called on the follower's own thread.
  struct Told {
    std::function<void(Revocation)> revoked;
    // It follows again after it did not, or could not read something: what was taken back
    // meanwhile is not known.
    std::function<void()> missed;
  };

  RevocationFollower(RevocationFollowerOptions options, Told told);
  // Says nothing from then on.
  ~RevocationFollower();

 private:
  struct Parts;
  const std::unique_ptr<Parts> parts_;
};

}  // namespace sluice

// Follows sluice.v1.Authorizer/WatchRevocations: what an authorizer takes back before its
// time.
//
// Optional on the other side: an authorizer that does not have it is asked rarely whether
// it has it now. A call that ends is made again, later each time.
//
// Only a call that was taken tells that something was missed before it: one that has said
// something, or has stood for a while. (Not every server says a word before it has to.)
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
  // A call without a word that has stood for so long was taken.
  absl::Duration taken_after = absl::Seconds(1);
  // Between two times that something was missed.
  absl::Duration pause_missed = absl::Seconds(30);
};

class RevocationFollower {
 public:
  // Called on the follower's own thread.
  struct Told {
    // What is taken back from now on may be heard.
    std::function<void()> listening;
    std::function<void(Revocation)> revoked;
    // It follows, after it did not or could not read something: what was taken back before
    // the last `listening` is not known.
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

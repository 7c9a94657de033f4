// Who listens to what authorizers take back.
#pragma once

#include <memory>
#include <vector>

#include "bridge/access/revocation_follower.h"
#include "bridge/server/authorizers.h"

namespace sluice {

class Disconnects;
class Hub;
class Revocations;

// One for each address that is asked over gRPC. The others outlive them.
std::vector<std::unique_ptr<RevocationFollower>> FollowRevocations(
    const AuthorizersOptions& options, Disconnects& disconnects, Revocations& revocations,
    Hub& hub);

}  // namespace sluice

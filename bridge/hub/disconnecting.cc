#include "bridge/hub/disconnecting.h"

#include <memory>
#include <utility>

#include "bridge/hub/hub.h"

namespace sluice {

// In this order: a stream that is on its way asks the revocations in the step in which
// its shard gets to know it. Either it sees this one there, or the visit finds it.
void LocalDisconnects::Disconnect(Revocation revocation, DisconnectedBy by, Done done) {
  revocations_.Add(revocation);
  auto ended = std::make_shared<uint64_t>(0);
  hub_.Visit([revocation = std::move(revocation), by,
              ended](Shard& shard) { *ended += shard.Disconnect(revocation, by); },
             [ended, done = std::move(done)] { done(*ended); });
}

}  // namespace sluice

#include "bridge/hub/disconnecting.h"

#include <memory>
#include <utility>

#include "bridge/hub/hub.h"

namespace sluice {

// In this order: a stream that is on its way asks the revocations in the step in which
// its shard gets to know it. Either it sees this one there, or the visit finds it.
//
// Answers do not know the ids of their streams (and a stream on its way has none that
// anybody knows): one that names an id is added as what it finds, before that is ended.
void LocalDisconnects::Disconnect(Revocation revocation, DisconnectedBy by, Done done) {
  const bool names_one = !revocation.subscriber_id.empty();
  if (!names_one) revocations_.Add(revocation);
  auto ended = std::make_shared<uint64_t>(0);
  const auto found = [this, names_one](const SubscriberDescription& is) {
    if (!names_one) return;
    Revocation of_it;
    of_it.subject = is.subject;
    // (Whoever was asked about it was asked about this one.)
    if (!is.topics.empty()) of_it.topic = is.topics.front();
    if (found_) found_(of_it);
    revocations_.Add(std::move(of_it));
  };
  hub_.Visit([revocation = std::move(revocation), by, found,
              ended](Shard& shard) { *ended += shard.Disconnect(revocation, by, found); },
             [ended, done = std::move(done)] { done(*ended); });
}

}  // namespace sluice

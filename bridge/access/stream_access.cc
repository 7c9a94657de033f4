#include "bridge/access/stream_access.h"

#include <algorithm>
#include <random>
#include <utility>

namespace sluice {
namespace {

uint64_t Seed() {
  thread_local std::mt19937_64 seeds{std::random_device{}()};
  return seeds();
}

}  // namespace

std::unique_ptr<StreamAccess> MakeStreamAccess(Authorizer& authorizer, Attributes own_filter,
                                               Standing::Question question,
                                               const Decision& decision,
                                               const StandingPolicy& policy, absl::Time now) {
  if (question == nullptr || decision.lasting) return nullptr;
  return std::unique_ptr<StreamAccess>(
      new StreamAccess{authorizer, std::move(own_filter),
                       Standing(std::move(question), decision, policy, now, Seed())});
}

EventFilterPtr ImposedFilter(Attributes own, const Decision& decision) {
  EventFilter filter{std::move(own), decision.event_types};
  filter.attributes.insert(filter.attributes.end(), decision.attributes.begin(),
                           decision.attributes.end());
  std::sort(filter.attributes.begin(), filter.attributes.end());
  if (filter.empty()) return nullptr;
  return std::make_shared<const EventFilter>(std::move(filter));
}

}  // namespace sluice

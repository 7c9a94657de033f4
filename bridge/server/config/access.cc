#include "bridge/server/config/access.h"

#include "absl/strings/str_cat.h"
#include "bridge/server/config/durations.h"
#include "sluice/config/v1/config.pb.h"

namespace sluice {
namespace {

// Streams look after themselves about once a second: what is shorter would be over before
// it was asked for again.
constexpr absl::Duration kMaxAgeMin = absl::Seconds(2);

}  // namespace

StandingPolicy BuildStandingPolicy(const config::v1::Config& config, Findings* findings) {
  StandingPolicy policy;
  const config::v1::Access& access = config.access();
  if (access.has_max_age()) policy.max_age = ToAbsl(access.max_age());
  if (policy.max_age > absl::ZeroDuration() && policy.max_age < kMaxAgeMin) {
    findings->Error("access.max_age", absl::StrCat("is at least ", absl::FormatDuration(kMaxAgeMin),
                                                   ", or 0s: as long as the answer says"));
  }
  if (access.has_grace()) policy.grace = ToAbsl(access.grace());
  return policy;
}

}  // namespace sluice

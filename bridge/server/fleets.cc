#include "bridge/server/fleets.h"

#include <unistd.h>

#include <array>

#include "absl/strings/str_cat.h"
#include "bridge/fleet/local_fleet.h"

namespace sluice {

std::unique_ptr<Fleet> MakeFleet(const std::optional<FleetOptions>& options,
                                 const NatsFleetContext& context) {
#if SLUICE_FLEET
  if (options) return MakeNatsFleet(*options, context);
#endif
  (void)options;
  return std::make_unique<LocalFleet>(*context.node);
}

std::string FleetNameOf(const std::string& address) {
  std::array<char, 256> host{};
  if (gethostname(host.data(), host.size() - 1) != 0) return address;
  return absl::StrCat(host.data(), address.substr(address.rfind(':')));
}

}  // namespace sluice

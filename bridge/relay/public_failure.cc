#include "bridge/relay/public_failure.h"

namespace sluice {

absl::Status PublicFailure(const absl::Status& status, bool started) {
  if (absl::IsUnknown(status)) return absl::UnknownError("the backend failed");
  if (started || !absl::IsUnavailable(status)) return status;
  return absl::UnavailableError("the backend cannot be reached now; try again");
}

}  // namespace sluice

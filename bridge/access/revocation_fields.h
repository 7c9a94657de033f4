// What an authorizer or an operator says that is taken back, field by field.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "bridge/access/revocations.h"

namespace sluice {

// Empty: not set.
struct RevocationFields {
  std::string subject;
  std::string topic;
  std::string topic_pattern;
  std::string subscriber_id;
  std::string reason;
};

// INVALID_ARGUMENT names the field.
absl::StatusOr<Revocation> ReadRevocation(RevocationFields fields);

}  // namespace sluice

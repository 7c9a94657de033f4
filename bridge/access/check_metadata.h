// How an ext_authz server narrows what it allows: what its `dynamic_metadata` holds for
// the bridge.
#pragma once

#include "absl/status/status.h"
#include "bridge/access/authorizer.h"

namespace google::protobuf {
class Value;
}

namespace sluice {

// INVALID_ARGUMENT: ".expires_at is no time", behind the name of what holds it.
absl::Status TakeMetadata(const google::protobuf::Value& metadata, Decision* decision);

}  // namespace sluice

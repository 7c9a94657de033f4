// A response of a method, as events to store.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "bridge/relay/relay.h"
#include "bridge/relay/stored_call.h"

namespace sluice {

// The events of `topic` that the wire bytes `response` are by the current schema. As
// StoredCall::Take has it: with `look_up`, a type that is not known is the error.
absl::StatusOr<StoredCall::Taken> TakeResponse(const RelayContext& context, std::string_view method,
                                               const std::string& topic, std::string_view response,
                                               bool look_up);

}  // namespace sluice

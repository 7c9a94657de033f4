// The request message of a call, from JSON.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "bridge/schema/schema.h"

namespace sluice {

// An object, nested no deeper than `depth_max`. INVALID_ARGUMENT says what it is
// instead.
absl::StatusOr<nlohmann::json> ParseObject(std::string_view text, const JsonOptions& limits);

// Wire bytes. INVALID_ARGUMENT names the field that the type does not have, or whose
// value does not fit it.
absl::StatusOr<std::string> MessageFromJson(const nlohmann::json& message, const Schema& schema,
                                            const google::protobuf::Descriptor& type,
                                            const JsonOptions& limits);

}  // namespace sluice

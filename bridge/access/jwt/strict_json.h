// JSON that means one thing to everybody who reads it: UTF-8, no key twice in an object,
// no byte order mark, nothing behind it, and not deep.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string_view>

namespace sluice {

inline constexpr uint32_t kStrictJsonDepthMax = 16;

// An object, or nothing.
std::optional<nlohmann::json> ParseStrictObject(std::string_view text);

// The member's value; null: there is none. `object` may be anything.
const nlohmann::json* FindMember(const nlohmann::json& object, std::string_view name);

}  // namespace sluice

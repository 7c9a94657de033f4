#include "bridge/access/jwt/strict_json.h"

#include <nlohmann/json.hpp>
#include <string>

#include "bridge/base/check_json.h"

namespace sluice {

std::optional<nlohmann::json> ParseStrictObject(std::string_view text) {
  if (!CheckJson(text, {.depth_max = kStrictJsonDepthMax, .keys_once = true}).ok()) {
    return std::nullopt;
  }
  nlohmann::json json = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return std::nullopt;
  return json;
}

const nlohmann::json* FindMember(const nlohmann::json& object, std::string_view name) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(std::string(name));
  return found == object.end() ? nullptr : &*found;
}

}  // namespace sluice

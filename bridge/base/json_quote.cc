#include "bridge/base/json_quote.h"

#include <nlohmann/json.hpp>

namespace sluice {

std::string JsonQuote(std::string_view text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace sluice

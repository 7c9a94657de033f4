// Text from strangers, proved to be JSON (RFC 8259) without keeping any of it.
#pragma once

#include <cstdint>
#include <string_view>

#include "absl/status/status.h"

namespace sluice {

struct JsonRules {
  uint32_t depth_max = 0;
  // An object with a key twice means one thing to some who read it, another to others.
  bool keys_once = false;
};

// INVALID_ARGUMENT says at which byte it is no JSON; RESOURCE_EXHAUSTED that it "is nested
// deeper than 16". A byte order mark is no JSON.
absl::Status CheckJson(std::string_view text, JsonRules rules);

}  // namespace sluice

// By what a remembered answer is found: a digest of everything that was asked.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "bridge/access/authorizer.h"

namespace sluice {

// SHA-256: the same for equal questions, and for no others; what was asked cannot be
// told from it.
using QuestionKey = std::array<uint8_t, 32>;

// Nothing: it could not be made, so nothing can be remembered by it.
std::optional<QuestionKey> KeyOf(const AuthorizationRequest& request);

}  // namespace sluice

// A JSON Web Key Set (RFC 7517).
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "bridge/access/jwt/key_set.h"

namespace sluice {

inline constexpr size_t kJwksBytesMax = 256 * 1024;
inline constexpr size_t kJwksKeysMax = 100;

struct JsonWebKeys {
  KeySetPtr keys;
  // Those that are for something else, of another kind, or broken (RFC 7517, section 5).
  size_t skipped = 0;
  std::string why_skipped;  // the first of them: "keys[1]: it is private"
};

// With `only`, what is not of this algorithm is skipped. INVALID_ARGUMENT: it has keys, and not
// one is left, or it is no key set; never repeats what it holds. (One without keys is a set:
// its owner has taken all of them back.)
absl::StatusOr<JsonWebKeys> ParseJsonWebKeys(std::string_view text,
                                             std::optional<JwtAlgorithm> only);

// For the log: "0", or "2, of which keys[1]: it is private".
std::string SkippedKeys(const JsonWebKeys& read);

}  // namespace sluice

#include "bridge/access/jwt/key_set.h"

#include <algorithm>

namespace sluice {

KeySet::Answer KeySet::Check(const Jwt& jwt) const {
  Answer answer = Answer::kUnknownKey;
  for (const JwtKey& key : keys_) {
    // The key says what it checks, and the token must say the same.
    if (key.key.algorithm() != jwt.algorithm) continue;
    if (!key.id.empty() && key.id != jwt.key_id) continue;
    if (key.key.Verifies(jwt.signed_text, jwt.signature)) return Answer::kSigned;
    answer = Answer::kNotSigned;
  }
  return answer;
}

bool KeySet::Knows(std::string_view id) const {
  return std::any_of(keys_.begin(), keys_.end(),
                     [id](const JwtKey& key) { return !key.id.empty() && key.id == id; });
}

}  // namespace sluice

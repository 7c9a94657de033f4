// Keys by their ids and algorithms.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bridge/access/jwt/jwt.h"
#include "bridge/access/jwt/verification_key.h"

namespace sluice {

struct JwtKey {
  std::string id;  // empty: fits any `kid`, and none
  VerificationKey key;
};

// Never changed once made.
class KeySet {
 public:
  explicit KeySet(std::vector<JwtKey> keys) : keys_(std::move(keys)) {}

  enum class Answer { kSigned, kNotSigned, kUnknownKey };
  // Whether one of these keys has signed it: those of its `kid` and algorithm are tried.
  Answer Check(const Jwt& jwt) const;
  // Whether there is a key of just this id.
  bool Knows(std::string_view id) const;
  size_t size() const { return keys_.size(); }

 private:
  std::vector<JwtKey> keys_;
};
using KeySetPtr = std::shared_ptr<const KeySet>;

}  // namespace sluice

// A key set behind an address, fetched at the start, every `refresh`, and earlier when a
// token asks for a key that is not known. While the address does not answer, or with
// something else, the keys of before are kept.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "absl/time/time.h"
#include "bridge/access/jwt/jwt_algorithm.h"
#include "bridge/access/jwt/key_source.h"
#include "bridge/base/clock.h"

namespace sluice {

struct JwksUrlOptions {
  std::string url;
  std::string ca_file = "";  // PEM, read at every fetch; empty: the machine's authorities
  std::optional<JwtAlgorithm> only;
  absl::Duration refresh = absl::Minutes(5);
};

// `LookAgain` looks at most every so often; in between, an id that it does not know yet is
// kNotYet.
inline constexpr absl::Duration kJwksLookInterval = absl::Seconds(10);

// So many may wait for that.
inline constexpr size_t kJwksWaitingMax = 1024;

// Fetches on a thread of its own. `clock` outlives it.
std::unique_ptr<KeySource> FollowJwksUrl(JwksUrlOptions options, const Clock& clock);

}  // namespace sluice

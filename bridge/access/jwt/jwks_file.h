// A key set in a file, read again when it changes. One that cannot be used is reported,
// and the keys of before are kept.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "bridge/access/jwt/json_web_keys.h"
#include "bridge/access/jwt/key_source.h"

namespace sluice {

struct JwksFileOptions {
  std::string path;
  std::optional<JwtAlgorithm> only;
};

// At most `bytes_max` of a regular file. The message does not name it.
absl::StatusOr<std::string> ReadKeyFile(const std::string& path, size_t bytes_max);

absl::StatusOr<JsonWebKeys> ReadJwksFile(const JwksFileOptions& options);

// Reads it once before it returns.
std::unique_ptr<KeySource> WatchJwksFile(JwksFileOptions options);

}  // namespace sluice

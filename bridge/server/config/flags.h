// The command line.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "bridge/server/config/findings.h"

namespace sluice::config::v1 {
class Config;
}

namespace sluice {

struct Flags {
  std::optional<std::string> config_file;
  std::optional<std::string> http_listen;
  std::optional<std::string> grpc_listen;
  std::optional<std::string> log_level;
  std::optional<std::string> log_format;
  bool dev = false;
  bool check_config = false;
  bool asyncapi = false;
  bool asyncapi_yaml = false;
  bool version = false;
  bool help = false;
};

// "--flag value" and "--flag=value". INVALID_ARGUMENT: an unknown flag, a value
// where none belongs or none where one does.
absl::StatusOr<Flags> ParseFlags(const std::vector<std::string>& arguments);

// Overrides what flags set.
void ApplyFlags(const Flags& flags, config::v1::Config* config, Findings* findings);

extern const char kUsage[];

}  // namespace sluice

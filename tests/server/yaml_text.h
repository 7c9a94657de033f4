// YAML into a configuration, for tests.
#pragma once

#include <string>
#include <vector>

#include "bridge/server/config/findings.h"
#include "bridge/server/config/yaml_reader.h"
#include "sluice/config/v1/config.pb.h"

namespace sluice {

struct ReadConfig {
  config::v1::Config config;
  Findings findings;
};

inline ReadConfig Read(const std::string& yaml, const Environment& environment = {}) {
  ReadConfig read;
  ReadYaml(yaml, "sluice.yaml", environment, &read.config, &read.findings);
  return read;
}

}  // namespace sluice

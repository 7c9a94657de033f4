#include "bridge/server/config/config.h"

#include "absl/strings/str_cat.h"
#include "bridge/base/read_file.h"
#include "bridge/server/config/environment.h"
#include "bridge/server/config/yaml_reader.h"

namespace sluice {
config::v1::Config LoadConfig(const Flags& flags, const Environment& environment,
                              Findings* findings) {
  config::v1::Config config;
  if (flags.config_file) {
    // (One byte more than what may be read, so that more is noticed.)
    if (const auto text = ReadFileStart(*flags.config_file, kYamlBytesMax + 1); text.ok()) {
      ReadYaml(*text, *flags.config_file, environment, &config, findings);
    } else {
      findings->Error("", absl::StrCat(*flags.config_file, " ", text.status().message()));
    }
  }
  ApplyEnvironment(environment, &config, findings);
  ApplyFlags(flags, &config, findings);
  return config;
}

}  // namespace sluice

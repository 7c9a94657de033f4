#include "bridge/server/config/config.h"

#include <cerrno>
#include <fstream>
#include <system_error>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "bridge/server/config/environment.h"
#include "bridge/server/config/yaml_reader.h"

namespace sluice {
namespace {

// Up to one byte more than what may be read, so that more is noticed.
absl::StatusOr<std::string> ReadStart(const std::string& file) {
  std::ifstream stream(file, std::ios::binary);
  std::string text(kYamlBytesMax + 1, '\0');
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  // (A directory can be opened, but not read.)
  if (!stream.is_open() || stream.bad()) {
    return absl::NotFoundError(
        absl::StrCat("cannot be read: ", std::generic_category().message(errno)));
  }
  text.resize(static_cast<size_t>(stream.gcount()));
  return text;
}

}  // namespace

config::v1::Config LoadConfig(const Flags& flags, const Environment& environment,
                              Findings* findings) {
  config::v1::Config config;
  if (flags.config_file) {
    if (const auto text = ReadStart(*flags.config_file); text.ok()) {
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

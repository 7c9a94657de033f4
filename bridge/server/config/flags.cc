#include "bridge/server/config/flags.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "sluice/config/v1/config.pb.h"

namespace sluice {
namespace {

struct Flag {
  std::string name;
  std::optional<std::string> Flags::*value = nullptr;  // or
  bool Flags::*given = nullptr;
};

const std::vector<Flag>& KnownFlags() {
  static const std::vector<Flag> flags = {
      {"--config", &Flags::config_file},
      {"--http-listen", &Flags::http_listen},
      {"--grpc-listen", &Flags::grpc_listen},
      {"--log-level", &Flags::log_level},
      {"--log-format", &Flags::log_format},
      {"--dev", nullptr, &Flags::dev},
      {"--check-config", nullptr, &Flags::check_config},
      {"--asyncapi", nullptr, &Flags::asyncapi},
      {"--asyncapi-yaml", nullptr, &Flags::asyncapi_yaml},
      {"--version", nullptr, &Flags::version},
      {"--help", nullptr, &Flags::help},
  };
  return flags;
}

absl::Status Fault(const std::string& name, const std::string& what) {
  return absl::InvalidArgumentError(absl::StrCat(name, ": ", what));
}

absl::Status Unknown(const std::string& name) {
  if (!absl::StartsWith(name, "-")) return Fault(name, "is not a flag");
  std::vector<std::string> names;
  for (const Flag& flag : KnownFlags()) names.push_back(flag.name);
  return Fault(name, "unknown flag" + DidYouMean(name, names));
}

}  // namespace

const char kUsage[] = R"(usage: sluice [flags]

  --config FILE         the configuration, in YAML (default: built-in defaults)
  --http-listen A:P     where browsers connect (default: 127.0.0.1:8080; port 0: a free one)
  --grpc-listen A:P     where services connect (default: 127.0.0.1:9090)
  --log-level LEVEL     debug, info, warning or error (default: info)
  --log-format FORMAT   text or json (default: text)
  --dev                 open every topic to everybody, on loopback addresses only
  --check-config        say what is wrong with the configuration and exit
  --asyncapi            print the AsyncAPI document of what is configured and exit
  --asyncapi-yaml       the same as YAML
  --version             print the version and exit
  --help                print this and exit

Flags come before SLUICE_* environment variables (SLUICE_HTTP_LISTEN is http.listen), those
before the file, and the file before defaults.
)";

absl::StatusOr<Flags> ParseFlags(const std::vector<std::string>& arguments) {
  Flags flags;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const size_t equals = arguments[i].find('=');
    const std::string name = arguments[i].substr(0, equals);
    const auto flag = std::find_if(KnownFlags().begin(), KnownFlags().end(),
                                   [&](const Flag& known) { return known.name == name; });
    if (flag == KnownFlags().end()) return Unknown(name);
    if (flag->given != nullptr) {
      if (equals != std::string::npos) return Fault(name, "takes no value");
      flags.*flag->given = true;
    } else if (equals != std::string::npos) {
      flags.*flag->value = arguments[i].substr(equals + 1);
    } else if (i + 1 < arguments.size() && !absl::StartsWith(arguments[i + 1], "--")) {
      flags.*flag->value = arguments[++i];
    } else {
      return Fault(name, "needs a value");
    }
    if (flag->value != nullptr && (flags.*flag->value)->empty()) {
      return Fault(name, "needs a value");
    }
  }
  return flags;
}

void ApplyFlags(const Flags& flags, config::v1::Config* config, Findings* findings) {
  const auto apply = [findings](const std::optional<std::string>& value, const char* path,
                                const char* flag, std::string* field) {
    if (!value) return;
    *field = *value;
    findings->Written(path, flag);
  };
  apply(flags.http_listen, "http.listen", "--http-listen",
        config->mutable_http()->mutable_listen());
  apply(flags.grpc_listen, "grpc.listen", "--grpc-listen",
        config->mutable_grpc()->mutable_listen());
  apply(flags.log_level, "log.level", "--log-level", config->mutable_log()->mutable_level());
  apply(flags.log_format, "log.format", "--log-format", config->mutable_log()->mutable_format());
}

}  // namespace sluice

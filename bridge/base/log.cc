// What is written may come from a client (a topic, a header, an address), so a
// line is printable ASCII whatever its values are: everything else is escaped as
// in JSON. Nothing can end a line, colour a terminal or forge a field.
#include "bridge/base/log.h"

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "bridge/base/text.h"
#include "spdlog/logger.h"
#include "spdlog/pattern_formatter.h"
#include "spdlog/sinks/stdout_sinks.h"

namespace sluice::log {
namespace {

constexpr size_t kValueBytesMax = 1024;
constexpr char kTextPattern[] = "%Y-%m-%dT%H:%M:%S.%eZ %l %v";
constexpr char kJsonPattern[] = R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",%v})";

struct Output {
  Output() { Configure(Level::kInfo, Format::kText); }

  void Configure(Level level, Format new_format);

  std::shared_ptr<spdlog::sinks::stderr_sink_mt> sink =
      std::make_shared<spdlog::sinks::stderr_sink_mt>();
  spdlog::logger logger{"sluice", sink};
  Format format = Format::kText;
};

// Never destroyed: threads may log while the process ends.
Output& TheOutput() {
  static Output* const output = new Output;
  return *output;
}

spdlog::level::level_enum ToSpdlog(Level level) {
  switch (level) {
    case Level::kDebug:
      return spdlog::level::debug;
    case Level::kInfo:
      return spdlog::level::info;
    case Level::kWarning:
      return spdlog::level::warn;
    case Level::kError:
      break;
  }
  return spdlog::level::err;
}

void Output::Configure(Level level, Format new_format) {
  format = new_format;
  logger.set_formatter(std::make_unique<spdlog::pattern_formatter>(
      format == Format::kJson ? kJsonPattern : kTextPattern, spdlog::pattern_time_type::utc));
  logger.set_level(ToSpdlog(level));
}

std::string Quoted(std::string_view value) {
  const bool cut = value.size() > kValueBytesMax;
  std::string text(value.substr(0, kValueBytesMax));
  if (cut) text += "...";
  return nlohmann::json(std::move(text))
      .dump(-1, ' ', /*ensure_ascii=*/true, nlohmann::json::error_handler_t::replace);
}

// Whether a value of a text line can be told from what follows it.
bool Plain(std::string_view value) {
  return !value.empty() && value.size() <= kValueBytesMax &&
         std::all_of(value.begin(), value.end(), [](char c) {
           return c > ' ' && c < 0x7f && c != '"' && c != '=' && c != '\\';
         });
}

std::string AsText(const Field& field) {
  return Plain(field.value()) ? std::string(field.value()) : Quoted(field.value());
}

std::string AsJson(const Field& field) {
  // A double may print as what is no number in JSON.
  const bool finite = !field.value().ends_with("nan") && !field.value().ends_with("inf");
  return field.bare && finite ? std::string(field.value()) : Quoted(field.value());
}

}  // namespace

absl::StatusOr<Level> ParseLevel(std::string_view text) {
  const std::string level = absl::AsciiStrToLower(AsAbsl(text));
  if (level == "debug") return Level::kDebug;
  if (level == "info") return Level::kInfo;
  if (level == "warning" || level == "warn") return Level::kWarning;
  if (level == "error") return Level::kError;
  return absl::InvalidArgumentError(
      absl::StrCat(Quoted(text), " is not a level: debug, info, warning or error"));
}

absl::StatusOr<Format> ParseFormat(std::string_view text) {
  const std::string format = absl::AsciiStrToLower(AsAbsl(text));
  if (format == "text") return Format::kText;
  if (format == "json") return Format::kJson;
  return absl::InvalidArgumentError(absl::StrCat(Quoted(text), " is not a format: text or json"));
}

void Configure(Level level, Format format) { TheOutput().Configure(level, format); }

bool Enabled(Level level) { return TheOutput().logger.should_log(ToSpdlog(level)); }

void Write(Level level, std::string_view event, Fields fields) {
  if (!Enabled(level)) return;
  Output& output = TheOutput();
  const bool json = output.format == Format::kJson;
  std::string line = json ? absl::StrCat("\"event\":", Quoted(event)) : std::string(event);
  for (const Field& field : fields) {
    if (json) {
      absl::StrAppend(&line, ",", Quoted(field.key), ":", AsJson(field));
    } else {
      absl::StrAppend(&line, " ", AsAbsl(field.key), "=", AsText(field));
    }
  }
  output.logger.log(ToSpdlog(level), spdlog::string_view_t(line.data(), line.size()));
}

}  // namespace sluice::log

// Log lines for people and machines: an event name and fields, written as text
// or as JSON lines to standard error. Thread-safe after Configure.
//
//   log::Info("stream opened", {{"topic", topic}, {"peer", peer}});
//
// Never log a credential: log fields are written as they come.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>

#include "absl/status/statusor.h"

namespace sluice::log {

enum class Level { kDebug, kInfo, kWarning, kError };
enum class Format { kText, kJson };

// "debug", "info", "warning" (or "warn"), "error", in either case.
absl::StatusOr<Level> ParseLevel(std::string_view text);
absl::StatusOr<Format> ParseFormat(std::string_view text);

void Configure(Level level, Format format);
bool Enabled(Level level);

// A name and a value that outlive the call.
struct Field {
  Field(std::string_view name, std::string_view value) : key(name), text(value) {}
  Field(std::string_view name, const char* value) : key(name), text(value) {}
  Field(std::string_view name, const std::string& value) : key(name), text(value) {}
  Field(std::string_view name, bool value)
      : key(name), text(value ? "true" : "false"), bare(true) {}
  Field(std::string_view name, double value)
      : key(name), owned(std::to_string(value)), bare(true) {}
  template <typename Integer>
  requires std::is_integral_v<Integer> Field(std::string_view name, Integer value)
      : key(name), owned(std::to_string(value)), bare(true) {}

  std::string_view value() const { return owned.empty() ? text : std::string_view(owned); }

  std::string_view key;
  std::string_view text;
  std::string owned;
  bool bare = false;  // a number or a truth value: no quotes in JSON
};
using Fields = std::initializer_list<Field>;

void Write(Level level, std::string_view event, Fields fields);

inline void Debug(std::string_view event, Fields fields = {}) {
  Write(Level::kDebug, event, fields);
}
inline void Info(std::string_view event, Fields fields = {}) { Write(Level::kInfo, event, fields); }
inline void Warning(std::string_view event, Fields fields = {}) {
  Write(Level::kWarning, event, fields);
}
inline void Error(std::string_view event, Fields fields = {}) {
  Write(Level::kError, event, fields);
}

}  // namespace sluice::log

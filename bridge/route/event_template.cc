#include "bridge/route/event_template.h"

#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "bridge/base/json_quote.h"
#include "bridge/base/timestamp.h"

namespace sluice {
namespace {

// As it stands inside a JSON string.
std::string Escaped(std::string_view text) {
  const std::string quoted = JsonQuote(text);
  return quoted.substr(1, quoted.size() - 2);
}

using Names = std::array<std::pair<std::string_view, std::string>, 3>;

// In one pass: what a backend's message holds is never taken for a name.
std::string Fill(std::string_view text, const Names& names) {
  std::string filled;
  while (!text.empty()) {
    const size_t dollar = text.find("${");
    filled.append(text.substr(0, dollar));
    if (dollar == std::string_view::npos) break;
    text.remove_prefix(dollar);
    size_t taken = 1;
    std::string_view value = text.substr(0, 1);
    for (const auto& [name, replacement] : names) {
      if (!text.starts_with(name)) continue;
      taken = name.size();
      value = replacement;
    }
    filled.append(value);
    text.remove_prefix(taken);
  }
  return filled;
}

}  // namespace

Event FromTemplate(const EventTemplate& event, const absl::Status& status, absl::Time now) {
  const absl::string_view message = status.message();
  const Names names{{{"${code}", absl::StatusCodeToString(status.code())},
                     {"${message}", Escaped({message.data(), message.size()})},
                     {"${now}", Timestamp(now)}}};
  Event filled;
  filled.type = event.event;
  filled.data = Fill(event.data, names);
  filled.time = now;
  filled.end_of_stream = true;
  return filled;
}

}  // namespace sluice

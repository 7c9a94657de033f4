#include "sdk/cpp/examples/topic_pattern.h"

namespace example {
namespace {

// Cuts the first segment off.
std::string_view NextSegment(std::string_view* rest) {
  const size_t slash = rest->find('/');
  const std::string_view segment = rest->substr(0, slash);
  *rest = slash == std::string_view::npos ? std::string_view() : rest->substr(slash + 1);
  return segment;
}

}  // namespace

bool MatchesTopic(std::string_view pattern, std::string_view topic, std::string_view subject) {
  while (!pattern.empty() && !topic.empty()) {
    const std::string_view wanted = NextSegment(&pattern);
    if (wanted == "**") return pattern.empty();
    const std::string_view segment = NextSegment(&topic);
    if (wanted != "*" && WithSubject(wanted, subject) != segment) return false;
  }
  return pattern.empty() && topic.empty();
}

std::string WithSubject(std::string_view text, std::string_view subject) {
  constexpr std::string_view kPlace = "{subject}";
  std::string filled;
  for (size_t place; (place = text.find(kPlace)) != std::string_view::npos;) {
    filled.append(text.substr(0, place)).append(subject);
    text.remove_prefix(place + kPlace.size());
  }
  return filled.append(text);
}

}  // namespace example

#include "bridge/base/logged_path.h"

#include <algorithm>
#include <array>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "bridge/base/text.h"

namespace sluice {
namespace {

constexpr size_t kPathBytesMax = 256;
// '?', '#', '&', '=', and '%' itself, percent-encoded; in lower case.
constexpr std::array<std::string_view, 5> kEncoded = {"%3f", "%23", "%26", "%3d", "%25"};

bool IsEncodedSeparator(std::string_view rest) {
  if (rest.size() < 3) return false;
  const std::array<char, 3> lower = {rest[0], rest[1], static_cast<char>(rest[2] | 0x20)};
  // (A digit has that bit already.)
  for (const std::string_view encoded : kEncoded) {
    if (encoded == std::string_view(lower.data(), lower.size())) return true;
  }
  return false;
}

size_t EndOfPath(std::string_view target) {
  for (size_t i = 0; i < target.size(); ++i) {
    const char c = target[i];
    if (c == '?' || c == '#' || c == '&' || c == ';' || c == '=') return i;
    if (c == '%' && IsEncodedSeparator(target.substr(i))) return i;
  }
  return target.size();
}

}  // namespace

std::string LoggedPath(std::string_view target) {
  if (!target.starts_with('/')) return "";
  const size_t end = EndOfPath(target);
  const std::string_view path = target.substr(0, std::min(end, kPathBytesMax));
  const bool whole = path.size() == target.size() || (path.size() == end && target[end] == '?');
  return absl::StrCat(AsAbsl(path), whole ? "" : "...");
}

std::string LoggedTopics(const std::vector<std::string>& topics) {
  std::string logged;
  for (const std::string& topic : topics) {
    const size_t end = std::min(EndOfPath(topic), kPathBytesMax);
    absl::StrAppend(&logged, logged.empty() ? "" : ",",
                    AsAbsl(std::string_view(topic).substr(0, end)),
                    end < topic.size() ? "..." : "");
  }
  return logged;
}

// (The longest first: what is left of a topic must not be the end of another.)
std::string LoggedMessage(std::string_view message, std::vector<std::string> topics) {
  std::sort(topics.begin(), topics.end(),
            [](const std::string& a, const std::string& b) { return a.size() > b.size(); });
  std::string logged(message);
  for (const std::string& topic : topics) {
    const std::string as_logged = LoggedTopics({topic});
    if (as_logged != topic) absl::StrReplaceAll({{topic, as_logged}}, &logged);
  }
  return logged;
}

}  // namespace sluice

#include "bridge/http/request_host.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "bridge/base/ip_address.h"
#include "bridge/base/text.h"

namespace sluice {
namespace {

constexpr size_t kHostBytesMax = 255;
constexpr size_t kPortDigitsMax = 5;

// What names have in DNS and beside it; no percent-encoding, which nobody needs there.
bool IsNameCharacter(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '.' || c == '_' ||
         c == '~';
}

bool IsPort(std::string_view text) {
  uint32_t port = 0;
  return text.empty() || (text.size() <= kPortDigitsMax &&
                          std::all_of(text.begin(), text.end(), absl::ascii_isdigit) &&
                          absl::SimpleAtoi(AsAbsl(text), &port) && port <= 65535);
}

}  // namespace

bool IsHost(std::string_view text) {
  if (text.size() > kHostBytesMax) return false;
  size_t end = 0;
  if (text.starts_with('[')) {
    end = text.find(']');
    if (end == std::string_view::npos) return false;
    const auto address = ParseIpAddress(text.substr(1, end - 1));
    if (!address || text.substr(0, end).find(':') == std::string_view::npos) return false;
    ++end;
  } else {
    end = std::min(text.size(), text.find(':'));
    if (!std::all_of(text.begin(), text.begin() + end, IsNameCharacter)) return false;
    if (end == 0) return text.empty();
  }
  return end == text.size() || (text[end] == ':' && IsPort(text.substr(end + 1)));
}

std::optional<AbsoluteTarget> SplitAbsoluteTarget(std::string_view target) {
  size_t scheme = 0;
  for (const std::string_view known : {"http://", "https://"}) {
    if (absl::StartsWithIgnoreCase(AsAbsl(target), AsAbsl(known))) scheme = known.size();
  }
  if (scheme == 0) return std::nullopt;
  target.remove_prefix(scheme);
  const std::string_view host = target.substr(0, target.find_first_of("/?#"));
  target.remove_prefix(host.size());
  return AbsoluteTarget{host, absl::StrCat(target.starts_with('/') ? "" : "/", AsAbsl(target))};
}

}  // namespace sluice

// The host that a request is for (RFC 9110, section 7.2; RFC 9112, section 3.2).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sluice {

// "host", "host:port", "[2001:db8::1]:port". An empty one is a host, too: that of a client
// that has none to name.
bool IsHost(std::string_view text);

// A target in absolute form ("http://host/path?query", as clients send it to proxies),
// taken apart.
struct AbsoluteTarget {
  std::string_view host;
  std::string origin_form;  // "/path?query"
};

// Nothing: it is in another form.
std::optional<AbsoluteTarget> SplitAbsoluteTarget(std::string_view target);

}  // namespace sluice

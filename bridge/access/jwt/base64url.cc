#include "bridge/access/jwt/base64url.h"

#include "absl/strings/escaping.h"
#include "bridge/base/text.h"

namespace sluice {

std::optional<std::string> DecodeBase64Url(std::string_view text) {
  std::string bytes;
  // Abseil is generous (padding, blanks, other bits at the end): what it makes of the
  // bytes itself is the canonical form.
  if (!absl::WebSafeBase64Unescape(AsAbsl(text), &bytes)) return std::nullopt;
  if (absl::WebSafeBase64Escape(bytes) != AsAbsl(text)) return std::nullopt;
  return bytes;
}

}  // namespace sluice

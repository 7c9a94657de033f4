#include "bridge/relay/metadata.h"

#include <algorithm>
#include <array>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "bridge/base/text.h"

namespace sluice {
namespace {

constexpr std::string_view kBinarySuffix = "-bin";
constexpr size_t kKeyBytesMax = 256;

// HTTP/2 forbids them in a request, or gRPC writes them itself.
constexpr std::array<std::string_view, 11> kNotForCalls = {
    "connection",        "content-length",   "content-type", "host",
    "keep-alive",        "proxy-connection", "te",           "trailer",
    "transfer-encoding", "upgrade",          "user-agent"};

bool IsKey(std::string_view key) {
  return !key.empty() && key.size() <= kKeyBytesMax &&
         std::all_of(key.begin(), key.end(), [](unsigned char c) {
           return absl::ascii_islower(c) || absl::ascii_isdigit(c) || c == '-' || c == '_' ||
                  c == '.';
         });
}

bool IsPrintable(std::string_view value) {
  return std::all_of(value.begin(), value.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

}  // namespace

absl::Status CheckMetadataKey(std::string_view key) {
  if (!IsKey(key)) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", AsAbsl(key), "\" is no metadata key: use a-z, 0-9, '-', '_' and '.'"));
  }
  if (key.starts_with("grpc-") ||
      std::find(kNotForCalls.begin(), kNotForCalls.end(), key) != kNotForCalls.end()) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", AsAbsl(key), "\" is gRPC's own and cannot be sent as metadata"));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> MetadataValue(std::string_view key, std::string_view text) {
  if (key.ends_with(kBinarySuffix)) {
    std::string bytes;
    if (absl::Base64Unescape(AsAbsl(text), &bytes)) return bytes;
    return absl::InvalidArgumentError(
        "is not base64, which the value of a key that ends in \"-bin\" has to be");
  }
  if (!IsPrintable(text)) return absl::InvalidArgumentError("is not printable ASCII");
  return std::string(text);
}

bool IsMetadata(std::string_view key, std::string_view value) {
  return CheckMetadataKey(key).ok() && (key.ends_with(kBinarySuffix) || IsPrintable(value));
}

}  // namespace sluice

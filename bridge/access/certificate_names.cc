#include "bridge/access/certificate_names.h"

#include <algorithm>
#include <cstddef>

#include "bridge/base/utf8.h"

namespace sluice {
namespace {

constexpr size_t kNamesMax = 64;
constexpr size_t kNameBytesMax = 1024;

bool IsGood(const std::string& name) {
  return !name.empty() && name.size() <= kNameBytesMax && IsPrintableAscii(name);
}

}  // namespace

absl::Status CheckCertificateNames(const std::vector<std::string>& names) {
  if (names.size() <= kNamesMax && std::all_of(names.begin(), names.end(), IsGood)) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      "the client certificate has more than 64 names, or one that is empty, too long or not "
      "printable");
}

}  // namespace sluice

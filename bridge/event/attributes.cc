#include "bridge/event/attributes.h"

#include "absl/strings/str_cat.h"
#include "bridge/base/utf8.h"

namespace sluice {
namespace {

absl::Status Refuse(absl::string_view why) { return absl::InvalidArgumentError(why); }

}  // namespace

absl::Status ValidateAttributeCount(int count) {
  if (count <= kAttributesMax) return absl::OkStatus();
  return Refuse(absl::StrCat("are more than ", kAttributesMax));
}

absl::Status ValidateAttribute(std::string_view key, std::string_view value) {
  if (key.empty()) return Refuse("has an empty key");
  if (key.size() > kAttributeKeyBytesMax) {
    return Refuse(absl::StrCat("has a key longer than ", kAttributeKeyBytesMax, " bytes"));
  }
  if (value.size() > kAttributeValueBytesMax) {
    return Refuse(absl::StrCat("has a value longer than ", kAttributeValueBytesMax, " bytes"));
  }
  if (HasControlCharacter(key) || HasControlCharacter(value)) {
    return Refuse("holds a control character");
  }
  return absl::OkStatus();
}

}  // namespace sluice

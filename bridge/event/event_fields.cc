#include "bridge/event/event_fields.h"

#include "absl/strings/str_cat.h"
#include "bridge/base/utf8.h"

namespace sluice {
namespace {

absl::Status Refuse(absl::string_view why) { return absl::InvalidArgumentError(why); }

absl::Status CheckLength(std::string_view text, size_t bytes_max) {
  if (text.size() <= bytes_max) return absl::OkStatus();
  return Refuse(absl::StrCat("is longer than ", bytes_max, " bytes"));
}

}  // namespace

absl::Status ValidatePublisherId(std::string_view id) {
  if (absl::Status status = CheckLength(id, kPublisherIdBytesMax); !status.ok()) return status;
  return IsPrintableAscii(id) ? absl::OkStatus() : Refuse("is not printable ASCII");
}

absl::Status ValidateEventType(std::string_view type) {
  if (absl::Status status = CheckLength(type, kEventTypeBytesMax); !status.ok()) return status;
  if (type.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos) {
    return Refuse("holds CR, LF or NUL");
  }
  return absl::OkStatus();
}

}  // namespace sluice

#include "bridge/event/topic.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "bridge/base/utf8.h"

namespace sluice {
namespace {

absl::Status Refuse(absl::string_view why) { return absl::InvalidArgumentError(why); }

absl::Status ValidateSegment(std::string_view segment) {
  if (segment.empty()) return Refuse("has an empty segment");
  if (segment == "." || segment == "..") return Refuse("has a '.' or '..' segment");
  return absl::OkStatus();
}

}  // namespace

absl::Status ValidateTopic(std::string_view topic) {
  if (topic.empty()) return Refuse("is empty");
  if (topic.size() > kTopicBytesMax) {
    return Refuse(absl::StrCat("is longer than ", kTopicBytesMax, " bytes"));
  }
  if (!IsUtf8(topic)) return Refuse("is not UTF-8");
  if (HasControlCharacter(topic)) return Refuse("holds a control character");
  size_t segments = 0;
  for (std::string_view rest = topic;;) {
    const size_t slash = rest.find('/');
    if (absl::Status status = ValidateSegment(rest.substr(0, slash)); !status.ok()) return status;
    if (++segments > kTopicSegmentsMax) {
      return Refuse(absl::StrCat("has more than ", kTopicSegmentsMax, " segments"));
    }
    if (slash == std::string_view::npos) return absl::OkStatus();
    rest.remove_prefix(slash + 1);
  }
}

std::string_view ChannelType(std::string_view topic) { return topic.substr(0, topic.find('/')); }

}  // namespace sluice

#include "bridge/event/call_id.h"

#include <charconv>

#include "absl/strings/str_cat.h"
#include "bridge/base/text.h"

namespace sluice {
namespace {

constexpr std::string_view kPrefix = "call-";
constexpr std::string_view kEndSuffix = ".end";

}  // namespace

std::string FormatCallId(const CallId& id) {
  return absl::StrCat(AsAbsl(kPrefix), id.number, id.end ? AsAbsl(kEndSuffix) : "");
}

std::optional<CallId> ParseCallId(std::string_view text) {
  if (!text.starts_with(kPrefix)) return std::nullopt;
  CallId id;
  const char* last = text.data() + text.size();
  const char* end = std::from_chars(text.data() + kPrefix.size(), last, id.number).ptr;
  id.end = end != last;
  // One spelling for each id: what we would write, we accept.
  if (text != FormatCallId(id)) return std::nullopt;
  return id;
}

}  // namespace sluice

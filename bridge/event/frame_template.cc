#include "bridge/event/frame_template.h"

#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "bridge/base/json_quote.h"
#include "bridge/base/text.h"
#include "bridge/event/json_members.h"

namespace sluice {
namespace {

constexpr std::string_view kData = "${data}";
constexpr std::string_view kType = "${type}";
constexpr std::string_view kMemberBegin = "${data.";

// NAME of "${data.NAME}"; nothing: it is not that.
std::optional<std::string_view> MemberName(std::string_view text) {
  if (!text.starts_with(kMemberBegin) || text.find('}') != text.size() - 1) return std::nullopt;
  text.remove_prefix(kMemberBegin.size());
  text.remove_suffix(1);
  if (text.empty() || text.find('\\') != std::string_view::npos) return std::nullopt;
  return text;
}

bool HoldsName(std::string_view text) {
  for (const std::string_view name : {kData, kType, kMemberBegin}) {
    if (text.find(name) != std::string_view::npos) return true;
  }
  return false;
}

}  // namespace

absl::StatusOr<FrameTemplate> FrameTemplate::Parse(std::string_view json) {
  FrameTemplate parsed;
  parsed.text_ = json;
  size_t literal = 0;
  for (size_t open = 0; (open = json.find('"', open)) != std::string_view::npos;) {
    const size_t end = JsonStringEnd(json, open);
    if (end == std::string_view::npos) return absl::InvalidArgumentError("is not JSON");
    const std::string_view text = json.substr(open + 1, end - open - 2);
    const bool is_key = end < json.size() && json[end] == ':';
    const auto member = MemberName(text);
    const size_t begin = std::exchange(open, end);
    if (!HoldsName(text)) continue;
    if (is_key || (text != kData && text != kType && !member)) {
      return absl::InvalidArgumentError(absl::StrCat(
          "\"", AsAbsl(text), "\": only a value that is exactly \"${data}\", \"${data.NAME}\" or ",
          "\"${type}\" is replaced, not one inside of a longer string and not a key"));
    }
    parsed.AddLiteral(json.substr(literal, begin - literal));
    literal = end;
    parsed.has_names_ = true;
    if (member) {
      parsed.parts_.push_back({Part::Kind::kMember, std::string(*member)});
    } else {
      parsed.parts_.push_back({text == kData ? Part::Kind::kData : Part::Kind::kType, ""});
    }
  }
  parsed.AddLiteral(json.substr(literal));
  return parsed;
}

void FrameTemplate::AddLiteral(std::string_view text) {
  if (!text.empty()) parts_.push_back({Part::Kind::kLiteral, std::string(text)});
}

std::string FrameTemplate::Fill(std::string_view data, std::string_view type) const {
  std::string filled;
  filled.reserve(text_.size() + data.size() + type.size());
  for (const Part& part : parts_) {
    switch (part.kind) {
      case Part::Kind::kLiteral:
        filled += part.text;
        break;
      case Part::Kind::kData:
        filled += data;
        break;
      case Part::Kind::kMember:
        filled += FindJsonMember(data, part.text).value_or("null");
        break;
      case Part::Kind::kType:
        filled += JsonQuote(type);
        break;
    }
  }
  return filled;
}

}  // namespace sluice

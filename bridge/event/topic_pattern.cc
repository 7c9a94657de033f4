#include "bridge/event/topic_pattern.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "bridge/base/text.h"
#include "bridge/event/topic.h"

namespace sluice {
namespace {

absl::Status Wrong(std::string_view text, absl::string_view why) {
  return absl::InvalidArgumentError(
      absl::StrCat("'", AsAbsl(text), "' is no pattern of topics: ", why));
}

// "{name}" of a segment, filled.
absl::StatusOr<std::string> Filled(std::string_view segment, const TopicPattern::Fill& fill) {
  std::string filled;
  while (!segment.empty()) {
    const size_t open = segment.find('{');
    filled.append(segment.substr(0, open));
    if (open == std::string_view::npos) break;
    const size_t close = segment.find('}', open);
    if (close == std::string_view::npos) return absl::InvalidArgumentError("a '{' is not closed");
    const std::string_view name = segment.substr(open + 1, close - open - 1);
    const std::optional<std::string> value = fill(name);
    if (!value || value->empty() || value->find('/') != std::string::npos) {
      return absl::NotFoundError(absl::StrCat("{", AsAbsl(name), "} is not known, or no segment"));
    }
    filled.append(*value);
    segment.remove_prefix(close + 1);
  }
  return filled;
}

}  // namespace

absl::StatusOr<TopicPattern> TopicPattern::Parse(std::string_view text) {
  return Parse(text, nullptr);
}

absl::StatusOr<TopicPattern> TopicPattern::Parse(std::string_view text, const Fill& fill) {
  TopicPattern pattern;
  pattern.text_ = text;
  const std::vector<absl::string_view> parts = absl::StrSplit(AsAbsl(text), '/');
  for (size_t i = 0; i < parts.size(); ++i) {
    const std::string_view part(parts[i].data(), parts[i].size());
    if (part == "**") {
      if (i + 1 < parts.size()) return Wrong(text, "'**' stands at the end only");
      pattern.any_rest_ = true;
    } else if (part == "*") {
      pattern.segments_.push_back({.any = true});
    } else if (part.find('*') != std::string_view::npos) {
      return Wrong(text, "'*' stands for a whole segment");
    } else if (fill == nullptr) {
      pattern.segments_.push_back({.text = std::string(part)});
    } else {
      absl::StatusOr<std::string> filled = Filled(part, fill);
      if (absl::IsInvalidArgument(filled.status())) return Wrong(text, filled.status().message());
      if (!filled.ok()) return filled.status();
      pattern.segments_.push_back({.text = *std::move(filled)});
    }
  }
  // What it may match must be a topic: a stand-in for each wildcard shows it.
  std::string sample;
  for (const Segment& segment : pattern.segments_) {
    absl::StrAppend(&sample, sample.empty() ? "" : "/", segment.any ? "*" : segment.text);
    if (!segment.any && segment.text.empty()) return Wrong(text, "has an empty segment");
  }
  if (pattern.any_rest_) absl::StrAppend(&sample, sample.empty() ? "" : "/", "*");
  if (const absl::Status status = ValidateTopic(sample); !status.ok()) {
    return Wrong(text, status.message());
  }
  return pattern;
}

bool TopicPattern::Matches(std::string_view topic) const {
  for (size_t i = 0; i < segments_.size(); ++i) {
    const bool last = i + 1 == segments_.size() && !any_rest_;
    const size_t slash = topic.find('/');
    if (last != (slash == std::string_view::npos)) return false;
    const std::string_view segment = topic.substr(0, slash);
    if (segment.empty() || (!segments_[i].any && segment != segments_[i].text)) return false;
    if (!last) topic.remove_prefix(slash + 1);
  }
  return !any_rest_ || !topic.empty();
}

}  // namespace sluice

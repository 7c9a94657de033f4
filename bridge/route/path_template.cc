#include "bridge/route/path_template.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "bridge/base/text.h"
#include "bridge/base/utf8.h"
#include "bridge/route/percent.h"
#include "bridge/route/text_template.h"

namespace sluice {
namespace {

// A segment that could mean another path to somebody who decodes it again,
// resolves dots or takes '\' for '/'.
absl::Status ValidateSegment(std::string_view segment) {
  if (segment.empty()) return absl::InvalidArgumentError("is empty");
  if (segment == "." || segment == "..") return absl::InvalidArgumentError("is '.' or '..'");
  if (!IsUtf8(segment)) return absl::InvalidArgumentError("is not UTF-8");
  if (HasControlCharacter(segment)) {
    return absl::InvalidArgumentError("holds a control character");
  }
  if (segment.find_first_of("/\\") != std::string_view::npos) {
    return absl::InvalidArgumentError("holds '/' or '\\', percent-encoded");
  }
  return absl::OkStatus();
}

absl::Status BadTemplate(std::string_view text, absl::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat("path '", AsAbsl(text), "': ", why));
}

// What follows the '/' that a path begins with, split at the others. "/" has
// no segments.
std::vector<std::string_view> RawSegments(std::string_view path) {
  if (path == "/") return {};
  std::vector<std::string_view> segments;
  for (std::string_view rest = path;;) {
    rest.remove_prefix(1);
    segments.push_back(rest.substr(0, rest.find('/')));
    rest.remove_prefix(segments.back().size());
    if (rest.empty()) return segments;
  }
}

}  // namespace

absl::StatusOr<std::vector<std::string>> SplitPath(std::string_view path) {
  if (path.empty() || path.front() != '/') {
    return absl::InvalidArgumentError("the path does not begin with '/'");
  }
  // Counted before anything is allocated for them.
  if (std::count(path.begin(), path.end(), '/') > static_cast<ptrdiff_t>(kPathSegmentsMax)) {
    return absl::InvalidArgumentError(
        absl::StrCat("the path has more than ", kPathSegmentsMax, " segments"));
  }
  std::vector<std::string> segments;
  for (const std::string_view raw : RawSegments(path)) {
    std::optional<std::string> decoded = PercentDecode(raw);
    const absl::Status status = decoded ? ValidateSegment(*decoded)
                                        : absl::InvalidArgumentError("has a broken '%' encoding");
    if (!status.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat("segment ", segments.size() + 1, " of the path ", status.message()));
    }
    segments.push_back(*std::move(decoded));
  }
  return segments;
}

absl::StatusOr<PathTemplate> PathTemplate::Parse(std::string_view text) {
  if (text.empty() || text.front() != '/') return BadTemplate(text, "must begin with '/'");
  PathTemplate parsed;
  parsed.text_ = text;
  for (const std::string_view raw : RawSegments(text)) {
    if (const absl::Status status = ValidateSegment(raw); !status.ok()) {
      return BadTemplate(text, absl::StrCat("a segment ", status.message()));
    }
    if (raw.find_first_of("%?#") != std::string_view::npos) {
      return BadTemplate(text, "holds '%', '?' or '#': write it decoded, without a query");
    }
    if (raw.find_first_of("{}") == std::string_view::npos) {
      parsed.segments_.push_back({std::string(raw), false});
      continue;
    }
    const std::string_view name = raw.size() > 2 && raw.front() == '{' && raw.back() == '}'
                                      ? raw.substr(1, raw.size() - 2)
                                      : std::string_view();
    if (!IsTemplateName(name)) {
      return BadTemplate(text, "a capture is a whole segment, '{name}', of letters, digits, '_'");
    }
    if (name == kSubject) {
      return BadTemplate(text, "{subject} is the authorizer's answer and cannot be a capture");
    }
    for (const Segment& other : parsed.segments_) {
      if (other.capture && other.text == name) {
        return BadTemplate(text, absl::StrCat("captures {", AsAbsl(name), "} twice"));
      }
    }
    parsed.segments_.push_back({std::string(name), true});
  }
  if (parsed.segments_.size() > kPathSegmentsMax) {
    return BadTemplate(text, absl::StrCat("has more than ", kPathSegmentsMax, " segments"));
  }
  return parsed;
}

bool PathTemplate::Matches(const std::vector<std::string>& segments, Captures* captures) const {
  if (segments.size() != segments_.size()) return false;
  for (size_t i = 0; i < segments.size(); ++i) {
    if (!segments_[i].capture && segments_[i].text != segments[i]) return false;
  }
  captures->clear();
  for (size_t i = 0; i < segments.size(); ++i) {
    if (segments_[i].capture) captures->emplace_back(segments_[i].text, segments[i]);
  }
  return true;
}

std::vector<std::string> PathTemplate::capture_names() const {
  std::vector<std::string> names;
  for (const Segment& segment : segments_) {
    if (segment.capture) names.push_back(segment.text);
  }
  return names;
}

bool PathTemplate::MoreSpecificThan(const PathTemplate& other) const {
  return std::lexicographical_compare(
      segments_.begin(), segments_.end(), other.segments_.begin(), other.segments_.end(),
      [](const Segment& a, const Segment& b) { return !a.capture && b.capture; });
}

bool PathTemplate::SameShapeAs(const PathTemplate& other) const {
  return std::equal(segments_.begin(), segments_.end(), other.segments_.begin(),
                    other.segments_.end(), [](const Segment& a, const Segment& b) {
                      return a.capture == b.capture && (a.capture || a.text == b.text);
                    });
}

}  // namespace sluice

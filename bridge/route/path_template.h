// URL path templates: "/api/stream/{session_id}/{message_id}".
//
// A capture is one whole segment. A request's path is split at '/', each
// segment is percent-decoded once (RFC 3986, section 2.1), and a segment is
// refused that is empty, ".", "..", not UTF-8, or holds, decoded, a '/', a '\'
// or a control character: nothing that passes can mean another path elsewhere.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

namespace sluice {

inline constexpr size_t kPathSegmentsMax = 16;

// Name and value, in the order of the template.
using Captures = std::vector<std::pair<std::string, std::string>>;

// The decoded segments of an origin-form path ("/a/b"); INVALID_ARGUMENT says
// which segment cannot be.
absl::StatusOr<std::vector<std::string>> SplitPath(std::string_view path);

class PathTemplate {
 public:
  // INVALID_ARGUMENT: does not begin with '/', has an empty segment, a brace
  // that is not around a whole segment, or a name twice.
  static absl::StatusOr<PathTemplate> Parse(std::string_view text);

  bool Matches(const std::vector<std::string>& segments, Captures* captures) const;

  const std::string& text() const { return text_; }
  std::vector<std::string> capture_names() const;
  // Whether this one is to be tried before `other`: literal segments first,
  // from the left.
  bool MoreSpecificThan(const PathTemplate& other) const;
  // Whether both match exactly the same paths.
  bool SameShapeAs(const PathTemplate& other) const;

 private:
  struct Segment {
    std::string text;  // the literal, or the capture's name
    bool capture = false;
  };
  std::string text_;
  std::vector<Segment> segments_;
};

}  // namespace sluice

// A pattern of topics: "conversation/42", "conversation/*", "workspace/7/**". '*'
// stands for one whole segment, '**', as the last one, for one or more; everything
// else for itself.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace sluice {

class TopicPattern {
 public:
  // What stands for "{name}"; nothing: it is not known.
  using Fill = std::function<std::optional<std::string>(std::string_view name)>;

  // INVALID_ARGUMENT says what is wrong. "{" and "}" stand for themselves.
  static absl::StatusOr<TopicPattern> Parse(std::string_view text);
  // Like Parse, where "{name}" inside of a segment is what `fill` gives. That is always
  // taken as it stands: it is no wildcard. Whether it is known, empty or holds a '/' is
  // checked: such a pattern matches nothing, and is NOT_FOUND.
  static absl::StatusOr<TopicPattern> Parse(std::string_view text, const Fill& fill);

  bool Matches(std::string_view topic) const;
  const std::string& text() const { return text_; }

 private:
  struct Segment {
    std::string text;
    bool any = false;  // '*'
  };

  std::string text_;
  std::vector<Segment> segments_;
  bool any_rest_ = false;  // '**' behind them
};

}  // namespace sluice

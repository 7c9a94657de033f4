// What a route makes of payloads: JSON in which some strings stand for parts of the
// event. "${data}" becomes the payload, "${data.NAME}" that member of it (null, where
// it has none), "${type}" the event's type.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace sluice {

// Immutable; thread-safe.
class FrameTemplate {
 public:
  // `json`: compact JSON text. INVALID_ARGUMENT: one of the names inside of a longer
  // string, where it would not be replaced, or as a key.
  static absl::StatusOr<FrameTemplate> Parse(std::string_view json);

  // `data`: the payload as JSON.
  std::string Fill(std::string_view data, std::string_view type) const;

  // As it was written.
  const std::string& text() const { return text_; }
  // Nothing in it changes.
  bool is_constant() const { return !has_names_; }

  friend bool operator==(const FrameTemplate& a, const FrameTemplate& b) {
    return a.text_ == b.text_;
  }

 private:
  struct Part {
    enum class Kind { kLiteral, kData, kMember, kType } kind;
    std::string text;  // the literal, or the member's name
  };
  FrameTemplate() = default;
  void AddLiteral(std::string_view text);

  std::string text_;
  std::vector<Part> parts_;
  bool has_names_ = false;
};

}  // namespace sluice

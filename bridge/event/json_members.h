// The members of a JSON object, without parsing what they hold: for text that is
// compact already (no blanks between tokens). Of anything else it finds some of the
// members or none, and reads nothing outside of it.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace sluice {

struct JsonMember {
  std::string_view key;    // as written, without its quotes
  std::string_view value;  // as written
};

class JsonMembers {
 public:
  // `json` outlives it.
  explicit JsonMembers(std::string_view json);

  // Whether it begins as an object.
  bool is_object() const { return is_object_; }
  // Nothing: there are no more.
  std::optional<JsonMember> Next();

 private:
  std::string_view rest_;
  bool is_object_;
};

// Past the closing quote of the string whose opening quote is at `from`; npos: it is
// not closed.
size_t JsonStringEnd(std::string_view json, size_t from);

// Past the value that begins at `from`: where the ',' or the bracket stands that does
// not belong to it; npos: nothing does.
size_t JsonValueEnd(std::string_view json, size_t from);

// Whether what stands between the quotes of a JSON string means `text`.
bool JsonStringMeans(std::string_view inside, std::string_view text);

// The member's value: the last, where there are several, as in JavaScript. Nothing:
// there is none, or `json` is no object.
std::optional<std::string_view> FindJsonMember(std::string_view json, std::string_view name);

}  // namespace sluice

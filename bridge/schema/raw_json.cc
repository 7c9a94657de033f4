#include "bridge/schema/raw_json.h"

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"

namespace sluice {
namespace {

constexpr int kNumberOutOfRange = 406;

// Hears of every value and keeps none.
class Validator final : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit Validator(uint32_t depth_max) : depth_max_(depth_max) {}

  const absl::Status& status() const { return status_; }

  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool string(string_t&) override { return true; }
  bool binary(binary_t&) override { return true; }
  bool key(string_t&) override { return true; }
  bool start_object(size_t) override { return Enter(); }
  bool start_array(size_t) override { return Enter(); }
  bool end_object() override { return Leave(); }
  bool end_array() override { return Leave(); }
  bool parse_error(size_t position, const std::string&,
                   const nlohmann::json::exception& error) override {
    // (Its text quotes the payload.)
    const bool range = error.id == kNumberOutOfRange;
    status_ = absl::InvalidArgumentError(absl::StrCat(
        range ? "has a number beyond what a double can hold at byte " : "is not JSON at byte ",
        position));
    return false;
  }

 private:
  bool Enter() {
    if (++depth_ <= depth_max_) return true;
    status_ = absl::ResourceExhaustedError(
        absl::StrCat("is nested deeper than ", depth_max_, " (limits.json_depth)"));
    return false;
  }
  bool Leave() {
    --depth_;
    return true;
  }

  const uint32_t depth_max_;
  uint32_t depth_ = 0;
  absl::Status status_;
};

// `json` is valid.
std::string WithoutWhitespace(std::string_view json) {
  std::string compact;
  compact.reserve(json.size());
  bool in_string = false;
  for (size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (in_string && c == '\\') {
      compact += c;
      compact += json[++i];
      continue;
    }
    if (c == '"') in_string = !in_string;
    if (in_string || (c != ' ' && c != '\t' && c != '\r' && c != '\n')) compact += c;
  }
  return compact;
}

}  // namespace

absl::StatusOr<std::string> CompactJson(std::string_view json, uint32_t depth_max) {
  // To the parser a NUL is the end and a byte order mark is nothing.
  if (const size_t nul = json.find('\0'); nul != std::string_view::npos) {
    return absl::InvalidArgumentError(absl::StrCat("is not JSON at byte ", nul + 1));
  }
  if (json.starts_with("\xEF\xBB\xBF")) {
    return absl::InvalidArgumentError("begins with a byte order mark, which is not JSON");
  }
  Validator validator(depth_max);
  if (!nlohmann::json::sax_parse(json, &validator)) return validator.status();
  return WithoutWhitespace(json);
}

}  // namespace sluice

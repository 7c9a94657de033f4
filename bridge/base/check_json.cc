#include "bridge/base/check_json.h"

#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

namespace sluice {
namespace {

constexpr int kNumberOutOfRange = 406;

// Hears of every value, and keeps at most the keys of the objects that are open.
class Checker final : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit Checker(JsonRules rules) : rules_(rules) {}

  // Why it was not heard to its end.
  const absl::Status& status() const { return status_; }

  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool string(string_t&) override { return true; }
  bool binary(binary_t&) override { return true; }
  bool key(string_t& key) override {
    if (!rules_.keys_once || keys_.back().insert(key).second) return true;
    return Fails(absl::InvalidArgumentError("has a key twice in one object"));
  }
  bool start_object(size_t) override { return Enter(); }
  bool start_array(size_t) override { return Enter(); }
  bool end_object() override { return Leave(); }
  bool end_array() override { return Leave(); }
  bool parse_error(size_t position, const std::string&,
                   const nlohmann::json::exception& error) override {
    // (Its text quotes the payload.)
    const bool range = error.id == kNumberOutOfRange;
    return Fails(absl::InvalidArgumentError(absl::StrCat(
        range ? "has a number beyond what a double can hold at byte " : "is not JSON at byte ",
        position)));
  }

 private:
  bool Enter() {
    if (rules_.keys_once) keys_.emplace_back();
    if (++depth_ <= rules_.depth_max) return true;
    return Fails(
        absl::ResourceExhaustedError(absl::StrCat("is nested deeper than ", rules_.depth_max)));
  }
  bool Leave() {
    if (rules_.keys_once) keys_.pop_back();
    --depth_;
    return true;
  }
  bool Fails(absl::Status status) {
    status_ = std::move(status);
    return false;
  }

  const JsonRules rules_;
  uint32_t depth_ = 0;
  std::vector<std::set<std::string>> keys_;
  absl::Status status_ = absl::InvalidArgumentError("is not JSON");
};

}  // namespace

absl::Status CheckJson(std::string_view text, JsonRules rules) {
  // To the parser a NUL is the end and a byte order mark is nothing.
  if (const size_t nul = text.find('\0'); nul != std::string_view::npos) {
    return absl::InvalidArgumentError(absl::StrCat("is not JSON at byte ", nul + 1));
  }
  if (text.starts_with("\xEF\xBB\xBF")) {
    return absl::InvalidArgumentError("begins with a byte order mark, which is not JSON");
  }
  Checker checker(rules);
  if (nlohmann::json::sax_parse(text, &checker)) return absl::OkStatus();
  return checker.status();
}

}  // namespace sluice

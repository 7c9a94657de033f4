#include "bridge/route/request_target.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "bridge/base/text.h"
#include "bridge/base/utf8.h"
#include "bridge/route/percent.h"

namespace sluice {
namespace {

absl::Status Refuse(std::string_view why) { return absl::InvalidArgumentError(AsAbsl(why)); }

constexpr std::string_view kNotShown = "(not shown)";

// Neither a control character nor a space, which no client sends bare.
bool IsVisible(char c) { return static_cast<unsigned char>(c) > 0x20 && c != 0x7f; }

// Decoded parameters go to authorizers and into filters as text.
std::optional<std::string> DecodeText(std::string_view text) {
  std::optional<std::string> decoded = FormDecode(text);
  if (decoded && !IsUtf8(*decoded)) return std::nullopt;
  return decoded;
}

}  // namespace

absl::StatusOr<RequestTarget> RequestTarget::Parse(std::string_view target) {
  if (target.empty() || target.front() != '/') {
    return Refuse("the request target does not begin with '/'");
  }
  if (!std::all_of(target.begin(), target.end(), IsVisible)) {
    return Refuse("the request target holds a control character or a space");
  }
  if (target.find('#') != std::string_view::npos) {
    return Refuse("the request target holds a fragment ('#')");
  }
  RequestTarget parsed;
  const size_t question = target.find('?');
  parsed.path_ = target.substr(0, question);
  if (question == std::string_view::npos) return parsed;

  for (std::string_view rest = target.substr(question + 1); !rest.empty();) {
    const size_t ampersand = rest.find('&');
    const std::string_view parameter = rest.substr(0, ampersand);
    rest.remove_prefix(std::min(rest.size(), parameter.size() + 1));
    if (parameter.empty()) continue;
    if (parsed.query_.size() == kQueryParametersMax) {
      return Refuse(absl::StrCat("the query has more than ", kQueryParametersMax, " parameters"));
    }
    const size_t equals = parameter.find('=');
    std::optional<std::string> name = DecodeText(parameter.substr(0, equals));
    if (!name) return Refuse("a query parameter's name is not percent-encoded UTF-8");
    std::optional<std::string> value;
    value = equals == std::string_view::npos ? "" : DecodeText(parameter.substr(equals + 1));
    // The value may be a credential.
    if (!value) {
      return Refuse(absl::StrCat("query parameter '", AsAbsl(ShownName(*name)),
                                 "' is not percent-encoded UTF-8"));
    }
    parsed.query_.emplace_back(*std::move(name), *std::move(value));
  }
  return parsed;
}

std::optional<std::string_view> RequestTarget::Query(std::string_view name) const {
  for (const auto& [key, value] : query_) {
    if (key == name) return value;
  }
  return std::nullopt;
}

std::string_view ShownName(std::string_view name) {
  constexpr size_t kBytesMax = 64;
  constexpr size_t kBytesMaxWithDigits = 24;
  bool digits = false;
  for (const unsigned char c : name) {
    if (!absl::ascii_isalnum(c) && c != '_' && c != '.' && c != '-') return kNotShown;
    digits = digits || absl::ascii_isdigit(c);
  }
  return name.size() > (digits ? kBytesMaxWithDigits : kBytesMax) ? kNotShown : name;
}

std::vector<std::string_view> RequestTarget::QueryAll(std::string_view name) const {
  std::vector<std::string_view> values;
  for (const auto& [key, value] : query_) {
    if (key == name) values.push_back(value);
  }
  return values;
}

}  // namespace sluice

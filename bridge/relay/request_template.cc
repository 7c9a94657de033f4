#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "bridge/base/text.h"
#include "bridge/relay/request_json.h"
#include "bridge/relay/request_message.h"
#include "bridge/route/text_template.h"

namespace sluice {
namespace {

using nlohmann::json;

class Filling {
 public:
  Filling(const CallInput& input, const json& body) : input_(input), body_(body) {}

  // (As deep as the configuration is.)
  absl::StatusOr<json> Fill(const json& value) const {
    if (value.is_string()) return FillText(value.get_ref<const std::string&>());
    if (!value.is_structured()) return value;
    json filled = value;
    for (json& child : filled) {
      absl::StatusOr<json> filled_child = Fill(child);
      if (!filled_child.ok()) return filled_child;
      child = *std::move(filled_child);
    }
    return filled;
  }

 private:
  absl::StatusOr<json> FillText(const std::string& text) const {
    const auto parts = SplitTemplate(text);
    if (!parts.ok()) return absl::NotFoundError(parts.status().message());
    if (parts->size() == 1 && parts->front().is_name) return ValueOf(parts->front().text);
    std::string filled;
    for (const TemplatePart& part : *parts) {
      if (!part.is_name) {
        filled += part.text;
        continue;
      }
      const absl::StatusOr<json> value = ValueOf(part.text);
      if (!value.ok()) return value;
      if (value->is_string()) {
        filled += value->get_ref<const std::string&>();
      } else {
        filled += value->dump();
      }
    }
    return filled;
  }

  absl::StatusOr<json> ValueOf(std::string_view name) const {
    if (name == kSubject) return json(input_.subject);
    if (name.starts_with(kQueryPrefix)) return QueryValue(name.substr(kQueryPrefix.size()));
    if (name.starts_with(kBodyPrefix)) return BodyValue(name.substr(kBodyPrefix.size()));
    for (const auto& [capture, value] : input_.match.captures) {
      if (capture == name) return json(value);
    }
    return absl::NotFoundError(
        absl::StrCat("call.request names {", AsAbsl(name), "}, which the path does not capture"));
  }

  // One that is given several times is a list.
  absl::StatusOr<json> QueryValue(std::string_view name) const {
    const std::vector<std::string_view> values = input_.target.QueryAll(name);
    if (values.empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat("query parameter \"", AsAbsl(name), "\" is missing"));
    }
    return values.size() == 1 ? json(values.front()) : json(values);
  }

  // "a.b": the field b inside a.
  absl::StatusOr<json> BodyValue(std::string_view name) const {
    const json* value = &body_;
    for (std::string_view rest = name; value != nullptr && !rest.empty();) {
      const size_t dot = rest.find('.');
      const std::string key(rest.substr(0, dot));
      rest.remove_prefix(dot == std::string_view::npos ? rest.size() : dot + 1);
      const bool found = value->is_object() && value->contains(key);
      value = found ? &value->at(key) : nullptr;
    }
    if (value != nullptr) return *value;
    return absl::InvalidArgumentError(
        absl::StrCat("body: the field \"", AsAbsl(name), "\" is missing"));
  }

  const CallInput& input_;
  const json& body_;
};

}  // namespace

absl::StatusOr<json> FillRequest(const std::string& request_template, const CallInput& input,
                                 const json& body, const JsonOptions& limits) {
  const absl::StatusOr<json> request = ParseObject(request_template, limits);
  if (!request.ok()) {
    return absl::NotFoundError(absl::StrCat("call.request ", request.status().message()));
  }
  return Filling(input, body).Fill(*request);
}

}  // namespace sluice

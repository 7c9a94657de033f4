#include "bridge/server/async_api_document.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "bridge/base/text.h"

namespace sluice {
namespace {

using OrderedJson = nlohmann::ordered_json;

// Whether a key can stand without quotes in any version of YAML.
bool IsPlainKey(std::string_view key) {
  static const std::set<std::string_view> words = {"true", "false", "null", "yes", "no",
                                                   "on",   "off",   "y",    "n"};
  const auto plain = [](unsigned char c) {
    return absl::ascii_isalnum(c) || c == '_' || c == '-' || c == '.';
  };
  return !key.empty() && absl::ascii_isalpha(static_cast<unsigned char>(key.front())) &&
         std::all_of(key.begin(), key.end(), plain) &&
         !words.contains(absl::AsciiStrToLower(AsAbsl(key)));
}

// Strings are always quoted: none of them can be taken for something else.
void Emit(const OrderedJson& value, YAML::Emitter& out) {
  if (value.is_object()) {
    out << (value.empty() ? YAML::Flow : YAML::Block) << YAML::BeginMap;
    for (const auto& [key, member] : value.items()) {
      out << YAML::Key;
      if (!IsPlainKey(key)) out << YAML::DoubleQuoted;
      out << key << YAML::Value;
      Emit(member, out);
    }
    out << YAML::EndMap;
  } else if (value.is_array()) {
    out << (value.empty() ? YAML::Flow : YAML::Block) << YAML::BeginSeq;
    for (const OrderedJson& item : value) Emit(item, out);
    out << YAML::EndSeq;
  } else if (value.is_string()) {
    out << YAML::DoubleQuoted << value.get<std::string>();
  } else {
    out << value.dump();
  }
}

}  // namespace

std::string YamlOfJson(std::string_view json) {
  YAML::Emitter out;
  Emit(OrderedJson::parse(json), out);
  return std::string(out.c_str()) + "\n";
}

AsyncApiDocument::AsyncApiDocument(std::shared_ptr<const RouteTable> routes,
                                   std::shared_ptr<const SchemaRegistry> schema)
    : routes_(std::move(routes)), schema_(std::move(schema)) {}

void AsyncApiDocument::Refresh(const AsyncApiInfo& info) {
  SchemaPtr current = schema_->current();
  if (current == made_of_) return;
  std::string json = AsyncApiJson(info, *routes_, *current);
  std::string yaml = YamlOfJson(json);
  made_of_ = std::move(current);
  const MutexLock lock(&mutex_);
  json_ = std::move(json);
  yaml_ = std::move(yaml);
}

std::string AsyncApiDocument::json() const {
  const MutexLock lock(&mutex_);
  return json_;
}

std::string AsyncApiDocument::yaml() const {
  const MutexLock lock(&mutex_);
  return yaml_;
}

}  // namespace sluice

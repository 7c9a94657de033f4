#include "sdk/cpp/examples/policy.h"

#include <yaml-cpp/yaml.h>

#include <stdexcept>

#include "absl/strings/str_cat.h"

namespace example {
namespace {

// (yaml-cpp throws; so does this file, as far as Load.)
[[noreturn]] void Fail(const YAML::Node& where, const std::string& what) {
  throw std::runtime_error(absl::StrCat("line ", where.Mark().line + 1, ": ", what));
}

Caller ReadCaller(const YAML::Node& node) {
  if (!node.IsMap()) Fail(node, "a token needs keys below it");
  Caller caller;
  for (const auto& entry : node) {
    const std::string key = entry.first.as<std::string>();
    const YAML::Node& value = entry.second;
    if (key == "subject") {
      caller.subject = value.as<std::string>();
    } else if (key == "subscribe") {
      caller.subscribe = value.as<std::vector<std::string>>();
    } else if (key == "publish") {
      caller.publish = value.as<std::vector<std::string>>();
    } else if (key == "stats") {
      caller.stats = value.as<bool>();
    } else if (key == "admin") {
      caller.admin = value.as<bool>();
    } else if (key == "attributes") {
      caller.attributes = value.as<std::map<std::string, std::string>>();
    } else if (key == "event_types") {
      caller.event_types = value.as<std::vector<std::string>>();
    } else if (key == "field_masks") {
      caller.field_masks = value.as<std::map<std::string, std::vector<std::string>>>();
    } else if (key == "expires_in") {
      if (!absl::ParseDuration(value.as<std::string>(), &caller.expires_in)) {
        Fail(value, "expires_in is no duration like 90s or 1h");
      }
    } else {
      Fail(entry.first, absl::StrCat("unknown key ", key));
    }
  }
  // It becomes a segment of topics: "42/private" would open more than "user/42".
  if (caller.subject.empty() || caller.subject.find('/') != std::string::npos) {
    Fail(node, "subject is missing or holds '/'");
  }
  return caller;
}

}  // namespace

absl::StatusOr<Policy> Policy::Load(const std::string& file) {
  try {
    const YAML::Node root = YAML::LoadFile(file);
    const YAML::Node tokens = root["tokens"];
    if (root.size() != 1 || !tokens || !tokens.IsMap()) {
      Fail(root, "the file has one key, `tokens`, and the tokens below it");
    }
    Policy policy;
    for (const auto& entry : tokens) {
      const std::string token = entry.first.as<std::string>();
      // Whoever sends no credential is nobody.
      if (token.empty()) Fail(entry.first, "a token is empty");
      policy.callers_[token] = ReadCaller(entry.second);
    }
    return policy;
  } catch (const std::exception& error) {
    return absl::InvalidArgumentError(absl::StrCat(file, ": ", error.what()));
  }
}

const Caller* Policy::Find(const std::string& token) const {
  const auto found = callers_.find(token);
  return found == callers_.end() ? nullptr : &found->second;
}

}  // namespace example

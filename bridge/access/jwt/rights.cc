#include "bridge/access/jwt/rights.h"

#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "bridge/access/jwt/strict_json.h"
#include "bridge/base/text.h"

namespace sluice {
namespace {

using nlohmann::json;

absl::Status Refused(absl::string_view why) { return absl::UnauthenticatedError(why); }

// A template that this token does not fill gives it nothing.
std::vector<TopicPattern> Filled(const std::vector<std::string>& templates, const json& claims,
                                 const std::string& subject) {
  const auto fill = [&](std::string_view name) -> std::optional<std::string> {
    if (name == "subject") return subject;
    const json* claim = FindMember(claims, name);
    if (claim == nullptr || !claim->is_string()) return std::nullopt;
    return claim->get<std::string>();
  };
  std::vector<TopicPattern> patterns;
  for (const std::string& text : templates) {
    absl::StatusOr<TopicPattern> pattern = TopicPattern::Parse(text, fill);
    if (pattern.ok()) patterns.push_back(*std::move(pattern));
  }
  return patterns;
}

// The token's own rights, each of which stands in one place only.
class OwnRights {
 public:
  OwnRights(const json& claims, const std::string& name)
      : claims_(claims), name_(name), object_(FindMember(claims, name)) {}

  absl::StatusOr<TokenRights> Read() const {
    if (object_ != nullptr && !object_->is_object()) {
      return Refused(absl::StrCat("the token's `", name_, "` is no object"));
    }
    TokenRights rights;
    absl::Status status = ReadPatterns("subscribe", &rights.subscribe);
    if (status.ok()) status = ReadPatterns("publish", &rights.publish);
    if (status.ok()) status = ReadTruth("stats", &rights.stats);
    if (status.ok()) status = ReadTruth("admin", &rights.admin);
    if (!status.ok()) return status;
    return rights;
  }

 private:
  std::string PathOf(absl::string_view right) const { return absl::StrCat(name_, ".", right); }

  // Null: it is not claimed.
  absl::StatusOr<const json*> Find(absl::string_view right) const {
    const json* inside =
        object_ == nullptr ? nullptr : FindMember(*object_, {right.data(), right.size()});
    const json* beside = FindMember(claims_, PathOf(right));
    if (inside != nullptr && beside != nullptr) {
      return Refused(absl::StrCat("the token says twice what `", PathOf(right), "` is"));
    }
    return inside == nullptr ? beside : inside;
  }

  absl::Status ReadPatterns(absl::string_view right, std::vector<TopicPattern>* patterns) const {
    const auto claim = Find(right);
    if (!claim.ok()) return claim.status();
    if (*claim == nullptr) return absl::OkStatus();
    const absl::Status wrong =
        Refused(absl::StrCat("the token's `", PathOf(right), "` is no list of topic patterns"));
    if (!(*claim)->is_array()) return wrong;
    for (const json& text : **claim) {
      if (!text.is_string()) return wrong;
      absl::StatusOr<TopicPattern> pattern =
          TopicPattern::Parse(text.get_ref<const std::string&>());
      if (!pattern.ok()) return wrong;
      patterns->push_back(*std::move(pattern));
    }
    return absl::OkStatus();
  }

  absl::Status ReadTruth(absl::string_view right, bool* truth) const {
    const auto claim = Find(right);
    if (!claim.ok()) return claim.status();
    if (*claim == nullptr) return absl::OkStatus();
    if (!(*claim)->is_boolean()) {
      return Refused(absl::StrCat("the token's `", PathOf(right), "` is neither true nor false"));
    }
    *truth = (*claim)->get<bool>();
    return absl::OkStatus();
  }

  const json& claims_;
  const std::string& name_;
  const json* object_;
};

}  // namespace

absl::Status CheckPatternTemplate(std::string_view text) {
  const auto anything = [](std::string_view name) {
    return name.empty() ? std::nullopt : std::optional<std::string>("x");
  };
  return TopicPattern::Parse(text, anything).status();
}

absl::StatusOr<TokenRights> RightsOf(const json& claims, const std::string& subject,
                                     const RightRules& rules) {
  absl::StatusOr<TokenRights> rights = OwnRights(claims, rules.claim).Read();
  if (!rights.ok()) return rights;
  for (TopicPattern& pattern : Filled(rules.subscribe, claims, subject)) {
    rights->subscribe.push_back(std::move(pattern));
  }
  for (TopicPattern& pattern : Filled(rules.publish, claims, subject)) {
    rights->publish.push_back(std::move(pattern));
  }
  return rights;
}

}  // namespace sluice

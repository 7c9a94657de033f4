#include "bridge/server/config/certificate_rules.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "sluice/config/v1/authorizer.pb.h"

namespace sluice {
namespace {

std::vector<TopicPattern> Patterns(const google::protobuf::RepeatedPtrField<std::string>& texts,
                                   const std::string& path, Findings* findings) {
  std::vector<TopicPattern> patterns;
  for (int i = 0; i < texts.size(); ++i) {
    absl::StatusOr<TopicPattern> pattern = TopicPattern::Parse(texts[i]);
    if (pattern.ok()) {
      patterns.push_back(*std::move(pattern));
    } else {
      findings->Error(absl::StrCat(path, "[", i, "]"), std::string(pattern.status().message()));
    }
  }
  return patterns;
}

}  // namespace

std::vector<CertificateRule> BuildCertificateRules(const config::v1::CertificateAuthorizer& config,
                                                   const std::string& path, Findings* findings) {
  std::vector<CertificateRule> rules;
  if (config.rules().empty()) findings->Error(path + ".rules", "is required");
  for (int i = 0; i < config.rules_size(); ++i) {
    const config::v1::CertificateRule& rule = config.rules(i);
    const std::string rule_path = absl::StrCat(path, ".rules[", i, "]");
    if (rule.names().empty()) findings->Error(rule_path + ".names", "is required");
    for (int n = 0; n < rule.names_size(); ++n) {
      if (!rule.names(n).empty()) continue;
      findings->Error(absl::StrCat(rule_path, ".names[", n, "]"), "is empty");
    }
    rules.push_back({.names = {rule.names().begin(), rule.names().end()},
                     .publish = Patterns(rule.publish(), rule_path + ".publish", findings),
                     .subscribe = Patterns(rule.subscribe(), rule_path + ".subscribe", findings),
                     .stats = rule.stats(),
                     .admin = rule.admin()});
  }
  return rules;
}

}  // namespace sluice

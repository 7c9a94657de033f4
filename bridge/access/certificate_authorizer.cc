#include "bridge/access/certificate_authorizer.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_replace.h"
#include "bridge/access/answer_parts.h"
#include "bridge/access/decisions.h"

namespace sluice {
namespace {

using Verdict = Decision::Verdict;

// What parts names, of whatever kind: a '*' in one of a host is not to take a mail address,
// or a URI's scheme.
bool IsDelimiter(char c) { return c == '.' || c == '/' || c == ':' || c == '@'; }

// Which of the names a rule fits; null: none.
const std::string* NameOf(const CertificateRule& rule, const std::vector<std::string>& names) {
  for (const std::string& pattern : rule.names) {
    const auto name = std::find_if(names.begin(), names.end(), [&](const std::string& n) {
      return CertificateNameFits(pattern, n);
    });
    if (name != names.end()) return &*name;
  }
  return nullptr;
}

Decision AllowTopics(const std::vector<TopicPattern>& patterns,
                     const std::vector<std::string>& topics, const std::string& subject) {
  Decision decision;
  for (const std::string& topic : topics) {
    const std::string filled = absl::StrReplaceAll(topic, {{"{subject}", subject}});
    const bool allowed = std::any_of(patterns.begin(), patterns.end(),
                                     [&](const TopicPattern& p) { return p.Matches(filled); });
    if (!allowed) decision.denied_topics.push_back(topic);
  }
  const bool all = !topics.empty() && decision.denied_topics.empty();
  decision.verdict = all ? Verdict::kAllow : Verdict::kForbidden;
  return decision;
}

Decision Decide(const CertificateRule& rule, const std::string& subject,
                const AuthorizationRequest& request) {
  bool allowed = false;
  switch (request.action) {
    case Action::kSubscribe:
      return AllowTopics(rule.subscribe, request.topics, subject);
    case Action::kPublish:
      return AllowTopics(rule.publish, request.topics, subject);
    case Action::kReadStats:
      allowed = rule.stats;
      break;
    case Action::kAdminister:
    case Action::kReflect:
      allowed = rule.admin;
      break;
  }
  Decision decision;
  decision.verdict = allowed ? Verdict::kAllow : Verdict::kForbidden;
  return decision;
}

class CertificateAuthorizer final : public Authorizer {
 public:
  explicit CertificateAuthorizer(std::vector<CertificateRule> rules) : rules_(std::move(rules)) {
    wants_.certificate_names = true;
  }

  void Authorize(AuthorizationRequest request, Done done) override { done(Answer(request)); }
  const Wants& wants() const override { return wants_; }

 private:
  Decision Answer(const AuthorizationRequest& request) const {
    if (request.certificate_names.empty()) {
      return Denial(Verdict::kUnauthenticated, "a valid client certificate is required");
    }
    for (const CertificateRule& rule : rules_) {
      const std::string* name = NameOf(rule, request.certificate_names);
      if (name == nullptr) continue;
      if (!IsSubject(*name)) return Denial(Verdict::kForbidden, "its name cannot be a subject");
      Decision decision = Decide(rule, *name, request);
      decision.subject = *name;
      decision.expires_at = decision.credential_expires_at = request.certificate_expires_at;
      return decision;
    }
    return Denial(Verdict::kForbidden, "the certificate's names are in no rule");
  }

  const std::vector<CertificateRule> rules_;
  Wants wants_;
};

}  // namespace

// (A '*' never passes a delimiter, so only the last one has to be tried again.)
bool CertificateNameFits(std::string_view pattern, std::string_view name) {
  size_t star = std::string_view::npos;  // behind the last '*' that took something
  size_t taken = 0;                      // up to where it did
  size_t p = 0;
  size_t n = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*' && !IsDelimiter(name[n])) {
      star = ++p;
      taken = ++n;
    } else if (p < pattern.size() && pattern[p] != '*' && pattern[p] == name[n]) {
      ++p;
      ++n;
    } else if (star != std::string_view::npos && !IsDelimiter(name[taken])) {
      p = star;
      n = ++taken;
    } else {
      return false;
    }
  }
  return p == pattern.size();
}

std::unique_ptr<Authorizer> MakeCertificateAuthorizer(std::vector<CertificateRule> rules) {
  return std::make_unique<CertificateAuthorizer>(std::move(rules));
}

}  // namespace sluice

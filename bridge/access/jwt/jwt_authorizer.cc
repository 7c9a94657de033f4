#include "bridge/access/jwt/jwt_authorizer.h"

#include <algorithm>
#include <atomic>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_replace.h"
#include "bridge/access/decisions.h"
#include "bridge/access/jwt/jwt.h"
#include "bridge/access/jwt/key_source.h"
#include "bridge/access/jwt/strict_json.h"
#include "bridge/base/utf8.h"
#include "bridge/event/topic.h"

namespace sluice {
namespace {

using Verdict = Decision::Verdict;

constexpr char kSubjectTemplate[] = "{subject}";

// The topic that is meant; nothing: the subject makes none.
std::optional<std::string> WithSubject(const std::string& topic, const std::string& subject) {
  if (topic.find(kSubjectTemplate) == std::string::npos) return topic;
  if (subject.empty() || subject.find('/') != std::string::npos) return std::nullopt;
  std::string filled = absl::StrReplaceAll(topic, {{kSubjectTemplate, subject}});
  if (!ValidateTopic(filled).ok()) return std::nullopt;
  return filled;
}

// Those that no pattern allows, as they were asked for.
std::vector<std::string> DeniedTopics(const std::vector<std::string>& topics,
                                      const std::vector<TopicPattern>& patterns,
                                      const std::string& subject) {
  std::vector<std::string> denied;
  for (const std::string& asked : topics) {
    const std::optional<std::string> topic = WithSubject(asked, subject);
    const bool allowed = topic && std::any_of(patterns.begin(), patterns.end(),
                                              [&topic](const TopicPattern& pattern) {
                                                return pattern.Matches(*topic);
                                              });
    if (!allowed) denied.push_back(asked);
  }
  return denied;
}

Decision Decide(const AuthorizationRequest& request, const TokenRights& rights,
                TokenIdentity identity) {
  bool allowed = false;
  std::vector<std::string> denied;
  switch (request.action) {
    case Action::kSubscribe:
      denied = DeniedTopics(request.topics, rights.subscribe, identity.subject);
      allowed = denied.empty();
      break;
    case Action::kPublish:
      denied = DeniedTopics(request.topics, rights.publish, identity.subject);
      allowed = denied.empty();
      break;
    case Action::kReadStats:
      allowed = rights.stats || rights.admin;
      break;
    case Action::kAdminister:
    case Action::kReflect:
      allowed = rights.admin;
      break;
  }
  if (!allowed) {
    Decision decision = Denial(Verdict::kForbidden, "the token gives no right to it");
    decision.denied_topics = std::move(denied);
    return decision;
  }
  Decision decision;
  decision.verdict = Verdict::kAllow;
  decision.subject = std::move(identity.subject);
  decision.expires_at = decision.credential_expires_at = identity.expires_at;
  return decision;
}

class JwtAuthorizer final : public Authorizer {
 public:
  JwtAuthorizer(JwtAuthorizerOptions options, const Clock& clock)
      : options_(std::move(options)), keys_(options_.keys), clock_(clock) {
    for (const JwksFileOptions& file : options_.files) sources_.push_back(WatchJwksFile(file));
    for (const JwksUrlOptions& url : options_.urls) sources_.push_back(FollowJwksUrl(url, clock));
  }

  ~JwtAuthorizer() override {
    stopping_ = true;
    // (Whoever waits for keys is answered now, and looks at all sources.)
    for (const auto& source : sources_) source->Stop();
  }

  void Authorize(AuthorizationRequest request, Done done) override;
  const Wants& wants() const override {
    static const Wants kNothing;
    return kNothing;
  }

 private:
  // What is asked, while keys for it are looked for.
  struct Question {
    AuthorizationRequest request;
    Jwt jwt;
    Done done;
    bool too_soon = false;  // a key may be there that no look has come to see
  };

  KeySet::Answer CheckSignature(const Jwt& jwt) const;
  // Looks for newer keys at the sources from this one on, where that might help.
  void Answer(std::shared_ptr<Question> question, size_t source);
  Decision DecisionOf(const Question& question) const;
  bool MayHaveNewKeyFor(const KeySource& source, const Jwt& jwt) const;
  bool KnowsIdOf(const Jwt& jwt) const;
  bool ClaimsHold(const Jwt& jwt) const;

  const JwtAuthorizerOptions options_;
  const KeySet keys_;
  const Clock& clock_;
  std::atomic<bool> stopping_{false};
  std::vector<std::unique_ptr<KeySource>> sources_;
};

void JwtAuthorizer::Authorize(AuthorizationRequest request, Done done) {
  if (request.credential.empty()) {
    return done(Denial(Verdict::kUnauthenticated, "no token was sent"));
  }
  absl::StatusOr<Jwt> jwt = ParseJwt(request.credential);
  if (!jwt.ok()) {
    return done(Denial(Verdict::kUnauthenticated, std::string(jwt.status().message())));
  }
  auto question = std::make_shared<Question>();
  question->request = std::move(request);
  question->request.credential.clear();  // it may wait, and is all in `jwt`
  question->jwt = *std::move(jwt);
  question->done = std::move(done);
  Answer(std::move(question), 0);
}

void JwtAuthorizer::Answer(std::shared_ptr<Question> question, size_t source) {
  KeySet::Answer signature = CheckSignature(question->jwt);
  for (; signature != KeySet::Answer::kSigned && source < sources_.size() && !stopping_; ++source) {
    if (!MayHaveNewKeyFor(*sources_[source], question->jwt)) continue;
    const auto again = [this, question, next = source + 1](bool may_have_missed) {
      question->too_soon |= may_have_missed;
      Answer(question, next);
    };
    const std::string id = question->jwt.key_id.value_or("");
    switch (sources_[source]->LookAgain(id, again)) {
      case KeySource::Look::kUnderWay:
        return;
      case KeySource::Look::kTooMany:
        return question->done(Denial(Verdict::kError, "too many tokens wait for their keys"));
      case KeySource::Look::kNotYet:
        question->too_soon = true;
        break;
      case KeySource::Look::kInVain:
        break;
    }
  }
  if (signature == KeySet::Answer::kSigned) return question->done(DecisionOf(*question));
  for (const auto& any : sources_) {
    if (any->keys() == nullptr) {
      return question->done(
          Denial(Verdict::kError, "the keys that sign tokens could not be read yet"));
    }
  }
  // (A client that is refused for good would not come back when its key is there.)
  if (question->too_soon && !KnowsIdOf(question->jwt)) {
    return question->done(
        Denial(Verdict::kError, "the token's key could not be looked for just now"));
  }
  question->done(Denial(Verdict::kUnauthenticated, signature == KeySet::Answer::kNotSigned
                                                       ? "the token's signature is not good"
                                                       : "the token's key is not known"));
}

KeySet::Answer JwtAuthorizer::CheckSignature(const Jwt& jwt) const {
  KeySet::Answer answer = keys_.Check(jwt);
  for (size_t i = 0; i < sources_.size() && answer != KeySet::Answer::kSigned; ++i) {
    const KeySetPtr keys = sources_[i]->keys();
    const KeySet::Answer one = keys == nullptr ? KeySet::Answer::kUnknownKey : keys->Check(jwt);
    if (one != KeySet::Answer::kUnknownKey) answer = one;
  }
  return answer;
}

bool JwtAuthorizer::MayHaveNewKeyFor(const KeySource& source, const Jwt& jwt) const {
  const KeySetPtr keys = source.keys();
  if (keys == nullptr) return true;
  // (Nothing is looked for to refuse a token that does not hold, whoever has signed it.)
  return jwt.key_id && !keys->Knows(*jwt.key_id) && !keys_.Knows(*jwt.key_id) && ClaimsHold(jwt);
}

// There is a key of its id, or it names none: no newer one is missed.
bool JwtAuthorizer::KnowsIdOf(const Jwt& jwt) const {
  if (!jwt.key_id || keys_.Knows(*jwt.key_id)) return true;
  return std::any_of(sources_.begin(), sources_.end(), [&jwt](const auto& source) {
    const KeySetPtr keys = source->keys();
    return keys != nullptr && keys->Knows(*jwt.key_id);
  });
}

// What it claims of itself, true or not: nothing is allowed by that.
bool JwtAuthorizer::ClaimsHold(const Jwt& jwt) const {
  const std::optional<nlohmann::json> claims = ParseStrictObject(jwt.payload);
  return claims && CheckClaims(*claims, options_.claims, clock_.Now()).ok();
}

// Of a token that one of the keys has signed.
Decision JwtAuthorizer::DecisionOf(const Question& question) const {
  const std::optional<nlohmann::json> claims = ParseStrictObject(question.jwt.payload);
  if (!claims) return Denial(Verdict::kUnauthenticated, "the token's claims are no JSON object");
  absl::StatusOr<TokenIdentity> identity = CheckClaims(*claims, options_.claims, clock_.Now());
  if (!identity.ok()) {
    return Denial(Verdict::kUnauthenticated, std::string(identity.status().message()));
  }
  const auto rights = RightsOf(*claims, identity->subject, options_.rights);
  if (!rights.ok())
    return Denial(Verdict::kUnauthenticated, std::string(rights.status().message()));
  return Decide(question.request, *rights, *std::move(identity));
}

}  // namespace

std::unique_ptr<Authorizer> MakeJwtAuthorizer(JwtAuthorizerOptions options, const Clock& clock) {
  return std::make_unique<JwtAuthorizer>(std::move(options), clock);
}

}  // namespace sluice

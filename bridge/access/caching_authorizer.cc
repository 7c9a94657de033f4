// No lock is held while anybody is called: answers may come before Authorize returns, and
// who is answered may ask again.
#include "bridge/access/caching_authorizer.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_replace.h"
#include "bridge/access/decisions.h"

namespace sluice {
namespace {

// A question whose answers are taken back as fast as they come is given up.
constexpr int kAskedMax = 3;

}  // namespace

struct CachingAuthorizer::Question {
  Question(const QuestionKey& question_key, AuthorizationRequest question)
      : key(question_key), request(std::move(question)) {}

  const QuestionKey key;
  const AuthorizationRequest request;
  // Guarded by mutex_:
  absl::Time asked_at;
  Revocations::Moment moment = 0;
  int asked = 1;
  std::vector<Done> waiting;
};

CachingAuthorizer::CachingAuthorizer(std::unique_ptr<Authorizer> asked,
                                     DecisionCacheOptions options, const Clock& clock,
                                     const Revocations& revocations)
    : asked_(std::move(asked)), clock_(clock), revocations_(revocations), cache_(options) {}

// Answers that come now find all that they need, but ask nobody again.
CachingAuthorizer::~CachingAuthorizer() {
  gate_.Close();
  asked_.reset();
}

void CachingAuthorizer::Authorize(AuthorizationRequest request, Done done) {
  const std::optional<QuestionKey> key = KeyOf(request);
  if (!key) return done(Denial(Decision::Verdict::kError, "a question could not be digested"));
  QuestionPtr question;
  std::optional<Decision> answer;
  {
    MutexLock lock(&mutex_);
    answer = Remembered(*key, request);
    if (!answer && waiting_ >= kWaitingMax) {
      answer = Denial(Decision::Verdict::kError, "too many wait for the authorizer");
    }
    if (!answer) {
      ++waiting_;
      const auto open = open_.find(*key);
      if (open != open_.end() && open->second->asked_at >= request.answered_after) {
        open->second->waiting.push_back(std::move(done));
        return;
      }
      question = std::make_shared<Question>(*key, std::move(request));
      question->moment = revocations_.Now();
      question->asked_at = clock_.Now();
      question->waiting.push_back(std::move(done));
      open_[*key] = question;
    }
  }
  if (answer) return done(*std::move(answer));
  Ask(question);
}

std::optional<Decision> CachingAuthorizer::Remembered(const QuestionKey& key,
                                                      const AuthorizationRequest& request) {
  DecisionCache::Entry* const entry = cache_.Find(key, clock_.Now());
  if (entry == nullptr || entry->asked_at < request.answered_after) return std::nullopt;
  const Revocations::Moment now = revocations_.Now();
  if (TakenBack(entry->moment, entry->decision, request.topics)) {
    cache_.Forget(key);
    return std::nullopt;
  }
  entry->moment = now;
  return entry->decision;
}

void CachingAuthorizer::Ask(const QuestionPtr& question) {
  if (!gate_.Enter()) {
    return Take(question, Denial(Decision::Verdict::kError, "the bridge is ending"));
  }
  asked_->Authorize(question->request,
                    [this, question](Decision decision) { Take(question, std::move(decision)); });
  gate_.Leave();
}

void CachingAuthorizer::Take(const QuestionPtr& question, Decision decision) {
  std::vector<Done> waiting;
  // What was told of a certificate is not true for longer than that.
  decision.credential_expires_at =
      std::min(decision.credential_expires_at, question->request.certificate_expires_at);
  decision.expires_at = std::min(decision.expires_at, decision.credential_expires_at);
  {
    MutexLock lock(&mutex_);
    const bool taken_back = TakenBack(question->moment, decision, question->request.topics);
    if (taken_back && question->asked < kAskedMax) {
      ++question->asked;
      question->moment = revocations_.Now();
      question->asked_at = clock_.Now();
    } else {
      if (taken_back) {
        decision = Denial(Decision::Verdict::kError, "every answer was taken back at once");
      }
      waiting.swap(question->waiting);
      waiting_ -= waiting.size();
      const auto open = open_.find(question->key);
      if (open != open_.end() && open->second == question) open_.erase(open);
      cache_.Remember(question->key, {decision, question->asked_at, question->moment},
                      clock_.Now());
    }
  }
  if (waiting.empty()) return Ask(question);
  for (const Done& done : waiting) done(decision);
}

// (A denial is not taken back: nobody was let in by it. One that names no subject may be a
// part of an answer that names one, who may then fill its topics with any name.)
bool CachingAuthorizer::TakenBack(Revocations::Moment since, const Decision& decision,
                                  const std::vector<std::string>& topics) const {
  if (!decision.allowed()) return false;
  if (decision.subject.empty() && NamesSubject(topics)) return revocations_.Now() != since;
  std::vector<std::string> filled = topics;
  for (std::string& topic : filled) {
    topic = absl::StrReplaceAll(topic, {{"{subject}", decision.subject}});
  }
  return revocations_.AnySince(since, decision.subject, filled, Unnamed::kAnybody);
}

}  // namespace sluice

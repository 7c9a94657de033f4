#include "bridge/rpc/publishing.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "bridge/access/revocations.h"
#include "bridge/access/standing.h"
#include "bridge/base/clock.h"
#include "bridge/base/log.h"
#include "bridge/base/log_budget.h"
#include "bridge/base/logged_path.h"
#include "bridge/base/metrics.h"
#include "bridge/rpc/caller.h"
#include "bridge/rpc/connections.h"
#include "bridge/schema/schema_registry.h"
#include "bridge/schema/unknown_type.h"

namespace sluice {
namespace {

// A call that publishes to more topics than this asks again.
constexpr size_t kGrantsMax = 4096;
// Between questions that were not answered: twice as long each time.
constexpr absl::Duration kPauseMin = absl::Seconds(1);
constexpr absl::Duration kPauseMax = absl::Seconds(15);
constexpr uint8_t kDoublingsMax = 4;
// Types that are looked for on behalf of one request; each is known after that, so
// that a request with more of them gets through when it is sent again.
constexpr size_t kLookUpsMax = 8;

// (Anybody who reaches the port can be refused, as often as he can send.)
constexpr uint32_t kRefusalLinesPerSecond = 10;

void LogRefusal(const std::string& peer, const std::vector<std::string>& topics,
                const absl::Status& why) {
  static LogBudget budget(kRefusalLinesPerSecond);
  const std::optional<uint64_t> left_out = budget.Take(absl::Now());
  if (!left_out) return;
  log::Warning("publish refused", {{"peer", peer},
                                   {"topic", topics.empty() ? "" : LoggedTopics({topics.front()})},
                                   {"code", absl::StatusCodeToString(why.code())},
                                   {"error", LoggedMessage(std::string(why.message()), topics)},
                                   {"left_out", *left_out}});
}

std::optional<int> FirstDenied(const google::protobuf::RepeatedPtrField<v1::Event>& events,
                               const std::vector<std::string>& denied) {
  for (int i = 0; i < events.size(); ++i) {
    if (std::find(denied.begin(), denied.end(), events[i].topic()) != denied.end()) return i;
  }
  return std::nullopt;
}

// The one that is spoken of first.
std::vector<std::string> TopicsOf(const google::protobuf::RepeatedPtrField<v1::Event>& events,
                                  int first = 0) {
  std::vector<std::string> topics;
  if (!events.empty()) topics.push_back(events[first].topic());
  for (const v1::Event& event : events) topics.push_back(event.topic());
  return topics;
}

}  // namespace

Publishing::Publishing(const RpcContext& rpc, bool authorize, const grpc::ServerContextBase& caller)
    : rpc_(rpc), authorize_(authorize), caller_(caller), peer_(PeerAddress(caller)) {}

void Publishing::Take(std::shared_ptr<const Published> published,
                      std::vector<std::string> looked_for, Done done) {
  std::optional<std::string> unknown = TypeToPassOn(*published, looked_for);
  absl::Status why;
  if (!unknown) {
    absl::StatusOr<std::vector<Event>> events = rpc_.ingest->Take(*published);
    if (events.ok()) {
      absl::StatusOr<std::string> principal = CheckGranted(*events);
      if (!principal.ok()) return Refuse(principal.status(), TopicsOf(*published), done);
      return Append(*std::move(principal), *std::move(events), std::move(done));
    }
    why = events.status();
    unknown = UnknownTypeOf(why);
  }
  if (!unknown || rpc_.schema == nullptr || looked_for.size() >= kLookUpsMax) {
    return Refuse(why, TopicsOf(*published), done);
  }
  looked_for.push_back(*unknown);
  rpc_.schema->LookUp(*std::move(unknown),
                      [self = shared_from_this(), published = std::move(published),
                       looked_for = std::move(looked_for), why = std::move(why),
                       done = std::move(done)](bool found) {
                        // (What is passed on has no fault.)
                        if (!found && !why.ok())
                          return self->Refuse(why, TopicsOf(*published), done);
                        self->Take(published, looked_for, done);
                      });
}

bool Publishing::OfStranger() const { return rpc_.connections->IsStranger(peer_); }

// A type that would be passed on as bytes though nobody was asked for it yet.
std::optional<std::string> Publishing::TypeToPassOn(
    const Published& published, const std::vector<std::string>& looked_for) const {
  if (rpc_.schema == nullptr || !rpc_.schema->options().unknown_types_as_base64) return {};
  if (looked_for.size() >= kLookUpsMax) return {};
  const SchemaPtr schema = rpc_.schema->current();
  for (const v1::Event& event : published) {
    const std::string name(MessageNameOf(event.message().type_url()));
    if (name.empty() || schema->Find(name) != nullptr) continue;
    if (std::find(looked_for.begin(), looked_for.end(), name) == looked_for.end()) return name;
  }
  return {};
}

void Publishing::Authorize(std::shared_ptr<const Published> published, Done done) {
  if (!authorize_) return Take(std::move(published), {}, std::move(done));
  const absl::Status fault = rpc_.ingest->CheckTopics(*published);
  if (!fault.ok()) return Refuse(fault, TopicsOf(*published), done);
  // (In this order: what is taken back from here on may be missing from the answer.)
  const uint64_t asked_at = rpc_.revocations != nullptr ? rpc_.revocations->Now() : 0;
  ForgetRevoked();
  std::vector<std::string> topics = TopicsToAsk(*published);
  if (topics.empty()) return Take(std::move(published), {}, std::move(done));
  absl::StatusOr<AuthorizationRequest> question =
      MakeQuestion(caller_, *rpc_.publish_authorizer, Action::kPublish, topics, rpc_.clock->Now());
  if (!question.ok()) return Refuse(question.status(), TopicsOf(*published), done);
  rpc_.publish_authorizer->Authorize(
      *std::move(question),
      [self = shared_from_this(), asked_at, topics = std::move(topics),
       published = std::move(published), done = std::move(done)](Decision decision) {
        self->Decide(std::move(decision), asked_at, published, topics, done);
      });
}

void Publishing::Decide(Decision decision, uint64_t asked_at,
                        const std::shared_ptr<const Published>& published,
                        const std::vector<std::string>& topics, Done done) {
  if (decision.verdict == Decision::Verdict::kError && BeginGrace(topics)) {
    return Take(published, {}, std::move(done));
  }
  if (!decision.allowed()) {
    // (What it said before is no longer so, whatever it fails to say next.)
    if (decision.verdict != Decision::Verdict::kError) {
      for (const std::string& topic : topics) grants_.erase(topic);
    }
    if (decision.denied_topics.empty() && topics.size() == 1) decision.denied_topics = topics;
    const std::optional<int> index = FirstDenied(*published, decision.denied_topics);
    absl::Status status = ToStatus(decision);
    if (index && absl::IsPermissionDenied(status)) {
      status =
          absl::PermissionDeniedError(absl::StrCat("events[", *index, "]: ", status.message()));
    }
    return Refuse(status, TopicsOf(*published, index.value_or(0)), done);
  }
  if (rpc_.revocations != nullptr &&
      rpc_.revocations->AnySince(asked_at, decision.subject, topics)) {
    return Refuse(absl::UnavailableError("access was taken back while it was checked; try again"),
                  TopicsOf(*published), done);
  }
  rpc_.connections->Allow(peer_);
  const absl::Time until = HoldsUntil(decision, rpc_.standing, rpc_.clock->Now());
  const auto grant = std::make_shared<const Grant>(
      Grant{std::move(decision.subject),
            {std::move(decision.attributes), std::move(decision.event_types)},
            until,
            std::min(until + rpc_.standing.grace, decision.credential_expires_at),
            asked_at});
  grace_until_ = absl::InfinitePast();
  failures_ = 0;
  if (grants_.size() + topics.size() > kGrantsMax) grants_.clear();
  for (const std::string& topic : topics) grants_[topic] = grant;
  Take(published, {}, std::move(done));
}

bool Publishing::Holds(const Grant& grant, absl::Time now) const {
  return grant.expires_at > now || (now < grace_until_ && grant.grace_ends_at > now);
}

bool Publishing::BeginGrace(const std::vector<std::string>& topics) {
  const absl::Time now = rpc_.clock->Now();
  const Grant* first = nullptr;
  for (const std::string& topic : topics) {
    const auto found = grants_.find(topic);
    if (found == grants_.end() || found->second->grace_ends_at <= now) return false;
    if (first == nullptr) first = found->second.get();
    if (found->second->subject != first->subject) return false;
  }
  grace_until_ = now + std::min(kPauseMin * (1 << failures_), kPauseMax);
  failures_ = std::min<uint8_t>(failures_ + 1, kDoublingsMax);
  return true;
}

// What was allowed before something was taken back that it falls under.
void Publishing::ForgetRevoked() {
  if (rpc_.revocations == nullptr) return;
  const uint64_t now = rpc_.revocations->Now();
  if (std::exchange(revocations_seen_, now) == now) return;
  std::erase_if(grants_, [&](const auto& granted) {
    const auto& [topic, grant] = granted;
    return rpc_.revocations->AnySince(grant->asked_at, grant->subject, {&topic, 1},
                                      Unnamed::kAnybody);
  });
}

std::vector<std::string> Publishing::TopicsToAsk(const Published& published) const {
  const absl::Time now = rpc_.clock->Now();
  std::set<std::string> topics;
  const Grant* first = nullptr;
  bool all_granted = true;
  for (const v1::Event& event : published) {
    topics.insert(event.topic());
    const auto found = grants_.find(event.topic());
    const Grant* grant = found == grants_.end() ? nullptr : found->second.get();
    if (first == nullptr) first = grant;
    all_granted &= grant != nullptr && Holds(*grant, now) && grant->subject == first->subject;
  }
  // All of them again: the answer is then about one moment and one subject, and none of
  // them is let go of on the way.
  return all_granted ? std::vector<std::string>()
                     : std::vector<std::string>(topics.begin(), topics.end());
}

absl::StatusOr<std::string> Publishing::CheckGranted(const std::vector<Event>& events) const {
  std::string principal;
  if (!authorize_) return principal;
  const absl::Time now = rpc_.clock->Now();
  // (The types of a request may have been looked for since its topics were allowed.)
  const bool may_be_revoked =
      rpc_.revocations != nullptr && rpc_.revocations->Now() != revocations_seen_;
  for (size_t i = 0; i < events.size(); ++i) {
    const auto at = [&](absl::string_view what) {
      return absl::StrCat("events[", i, "]: ", what, ": ", events[i].topic);
    };
    const auto found = grants_.find(events[i].topic);
    if (found == grants_.end()) return absl::PermissionDeniedError(at("not allowed to you"));
    const Grant& grant = *found->second;
    if (!Holds(grant, now)) {
      return absl::UnauthenticatedError(at("what was allowed to you has expired"));
    }
    if (may_be_revoked &&
        rpc_.revocations->AnySince(grant.asked_at, grant.subject, {&events[i].topic, 1})) {
      return absl::UnavailableError(at("access was taken back while it was published; try again"));
    }
    if (!grant.filter.Passes(events[i])) {
      return absl::PermissionDeniedError(
          at("the authorizer allows you no such type or attributes"));
    }
    principal = grant.subject;
  }
  return principal;
}

void Publishing::Append(std::string principal, std::vector<Event> events, Done done) {
  // (Where nobody is asked, who can be understood is no stranger.)
  if (!authorize_) rpc_.connections->Allow(peer_);
  std::string topic = events.front().topic;
  rpc_.log->Append({std::move(principal), std::move(events), absl::FromChrono(caller_.deadline())},
                   [self = shared_from_this(), topic = std::move(topic),
                    done = std::move(done)](absl::StatusOr<std::vector<AppendResult>> results) {
                     if (!results.ok()) return self->Refuse(results.status(), {topic}, done);
                     uint64_t stored = 0;
                     for (const AppendResult& result : *results) stored += result.duplicate ? 0 : 1;
                     Metrics::Add(self->rpc_.metrics->events_published, stored);
                     done(std::move(results));
                   });
}

void Publishing::Refuse(const absl::Status& why, const std::vector<std::string>& topics,
                        const Done& done) {
  Metrics::Add(rpc_.metrics->publishes_refused);
  LogRefusal(peer_, topics, why);
  done(why);
}

}  // namespace sluice

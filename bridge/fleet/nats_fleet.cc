// Everything happens on one thread (Loop), to which what comes from NATS, from callers and from
// the hub is handed.
#include "bridge/fleet/nats_fleet.h"

#include <algorithm>
#include <deque>
#include <future>
#include <memory>
#include <optional>
#include <utility>

#include "bridge/access/revocations.h"
#include "bridge/base/log.h"
#include "bridge/base/metrics.h"
#include "bridge/base/mutex.h"
#include "bridge/fleet/askings.h"
#include "bridge/fleet/fleet_link.h"
#include "bridge/fleet/fleet_message.h"
#include "bridge/fleet/local_fleet.h"
#include "bridge/fleet/proto_time.h"
#include "bridge/fleet/revocation_journal.h"
#include "bridge/fleet/revocation_message.h"
#include "bridge/hub/hub.h"
#include "bridge/nats/loop.h"

namespace sluice {
namespace {

// Questions of others that are being answered.
constexpr size_t kAnsweringMax = 64;
// What others have taken back, being applied; and waiting for that.
constexpr size_t kApplyingMax = 64;
constexpr size_t kToApplyMax = RevocationJournal::kKeptMax;
// Own ones that nobody may have heard of.
constexpr size_t kUntoldMax = 256;
// Of one answer to what was missed; and between two times that the same member is asked.
constexpr size_t kMissedBytes = 256 << 10;
constexpr absl::Duration kBetweenWants = absl::Milliseconds(200);
// Within this time all streams are asked about again, where something was missed.
constexpr absl::Duration kDoubtWithin = absl::Seconds(10);

fleet::v1::Member NewMember(const std::string& version) {
  fleet::v1::Member member;
  member.set_id(UniqueName());
  member.set_version(version);
  return member;
}

class NatsFleet final : public Fleet {
 public:
  NatsFleet(FleetOptions options, NatsFleetContext context)
      : options_(std::move(options)),
        context_(context),
        own_(NewMember(context.node->context().version)),
        disconnects_(*this) {
    context_.disconnects->TellFound([this](Revocation found) { TellFound(std::move(found)); });
  }

  ~NatsFleet() override { Leave(); }

  void Ask(fleet::v1::Question question, Scope scope, AskDone done) override;
  Disconnects& disconnects() override { return disconnects_; }
  std::optional<FleetState> State() const override {
    const MutexLock lock(&state_mutex_);
    return state_;
  }
  absl::Status Join(std::string name) override;
  void Leave() override;

 private:
  // What an authorizer has taken back.
  class TellingDisconnects final : public Disconnects {
   public:
    explicit TellingDisconnects(NatsFleet& fleet) : fleet_(fleet) {}
    void Disconnect(Revocation revocation, DisconnectedBy by, Done done) override {
      fleet_.TellLater(ToMessage(revocation, by));
      fleet_.context_.disconnects->Disconnect(std::move(revocation), by, std::move(done));
    }

   private:
    NatsFleet& fleet_;
  };

  // Any thread.
  fleet::v1::Member Ourselves() const {
    fleet::v1::Member member = own_;
    *member.mutable_uptime() = ToProto(Monotonic() - began_);
    return member;
  }
  void AnswerAlone(const fleet::v1::Question& question, absl::Status reached, AskDone done) const;
  void TellLater(fleet::v1::Revocation revocation);
  void TellFound(Revocation found);

  // The loop's.
  void Begin(fleet::v1::Question question, AskDone done);
  void Tell(const fleet::v1::Revocation& revocation);
  void Take(const fleet::v1::Message& message);
  void TakePresence(const fleet::v1::Member& from, const fleet::v1::Presence& presence);
  void TakeQuestion(const fleet::v1::Member& from, const fleet::v1::Question& question);
  void TakeKept(const fleet::v1::Member& from, const fleet::v1::Kept& kept);
  void Want(const fleet::v1::Member& from, Members::Known* member,
            const RevocationJournal::KnownList& theirs);
  // (Half of a message is for what is known.)
  size_t MissedBytes() const { return std::min(kMissedBytes, link_.BytesMax() / 2); }
  void Apply(const fleet::v1::Member& from, fleet::v1::Revocation revocation, Node::Done done);
  // The same, but no more of them at once than all shards can do.
  // `done` is called on the loop.
  void ApplyInTurn(const fleet::v1::Member& from, const fleet::v1::Revocation& revocation,
                   Node::Done done);
  void ApplyNext();
  // Another has all of ours up to there.
  void HaveTold(const RevocationJournal::KnownList& theirs);
  // Another has done what this question asked for.
  void HasDone(uint64_t question);
  void LogUntold() const;
  void Reply(const fleet::v1::Member& to, uint64_t number, fleet::v1::Answer answer);
  fleet::v1::Message NewMessage() const;
  fleet::v1::Message BePresent(bool asks) const;
  void Reached(absl::Duration away_for);
  void Away(const absl::Status& why);
  void Doubt(const char* why);
  void Tick();
  void UpdateState(absl::Time now);

  const FleetOptions options_;
  const NatsFleetContext context_;
  const absl::Time began_ = Monotonic();
  fleet::v1::Member own_;  // as it joins
  TellingDisconnects disconnects_;
  mutable Mutex state_mutex_;
  FleetState state_ ABSL_GUARDED_BY(state_mutex_);
  bool joined_ = false;

  // The loop's own.
  RevocationJournal journal_{own_.id(), options_.revocations_kept, began_};
  Members members_{own_.id(), options_.members};
  Askings askings_{[this] { return Ourselves(); }};
  FleetLink link_{options_,
                  own_.id(),
                  loop_,
                  {.message = [this](const fleet::v1::Message& message) { Take(message); },
                   .connected = [this] { link_.Tell(BePresent(/*asks=*/true)); },
                   .reached = [this](absl::Duration away_for) { Reached(away_for); },
                   .away = [this](const absl::Status& why) { Away(why); }}};
  absl::Time next_second_ = absl::InfinitePast();
  size_t answering_ = 0;
  struct ToApply {
    fleet::v1::Member from;
    fleet::v1::Revocation revocation;
    Node::Done done;
  };
  std::deque<ToApply> to_apply_;
  size_t applying_ = 0;
  struct Untold {
    uint64_t question = 0;
    fleet::v1::Revocation revocation;
  };
  std::deque<Untold> untold_;  // what operators asked this member for
  bool stopping_ = false;
  Loop loop_;
};

void NatsFleet::Ask(fleet::v1::Question question, Scope scope, AskDone done) {
  if (question.has_revocation()) ByAnOperator(question.mutable_revocation());
  if (scope == Scope::kHere) {
    return LocalFleet(*context_.node).Ask(std::move(question), scope, std::move(done));
  }
  const auto asks = std::make_shared<std::pair<fleet::v1::Question, AskDone>>(std::move(question),
                                                                              std::move(done));
  auto task = [this, asks] { Begin(std::move(asks->first), std::move(asks->second)); };
  if (!loop_.Post(std::move(task))) {
    AnswerAlone(asks->first, absl::UnavailableError("this bridge has left the fleet"),
                std::move(asks->second));
  }
}

void NatsFleet::AnswerAlone(const fleet::v1::Question& question, absl::Status reached,
                            AskDone done) const {
  context_.node->Answer(question, [this, reached = std::move(reached),
                                   done = std::move(done)](fleet::v1::Answer answer) {
    FleetAnswer here{.reached = reached};
    here.members.push_back({.member = Ourselves(), .answer = std::move(answer)});
    done(std::move(here));
  });
}

void NatsFleet::Begin(fleet::v1::Question question, AskDone done) {
  const absl::Time now = Monotonic();
  if (question.has_revocation()) {
    // Kept in any case: who cannot be told now will be.
    *question.mutable_revocation() = journal_.AddOwn(question.revocation(), now);
  }
  absl::Status reached = stopping_ ? absl::UnavailableError("this bridge leaves the fleet")
                         : askings_.Full()
                             ? absl::UnavailableError("too many questions wait for the fleet")
                             : link_.Reached();
  // (Where nobody else is, there is nobody to miss it.)
  if (question.has_revocation() && !(reached.ok() && members_.all().empty())) {
    if (untold_.size() >= kUntoldMax) untold_.pop_front();
    untold_.push_back({0, question.revocation()});
  }
  if (stopping_ || askings_.Full()) {
    return AnswerAlone(question, std::move(reached), std::move(done));
  }
  const bool all_known = now >= link_.reached_at() + 2 * options_.presence_every;
  const absl::Time until = now + options_.answers_within;
  const uint64_t number = askings_.Begin(
      members_, {.reached = reached, .until = until, .not_before = all_known ? now : until},
      std::move(done));
  question.set_number(number);
  if (question.has_revocation() && !untold_.empty() &&
      untold_.back().revocation.number() == question.revocation().number()) {
    untold_.back().question = number;
  }
  context_.node->Answer(question, [this, number](fleet::v1::Answer answer) {
    loop_.Post([this, number, answer = std::move(answer)]() mutable {
      askings_.AnsweredHere(number, std::move(answer), Monotonic());
    });
  });
  if (!reached.ok()) return;
  fleet::v1::Message message = NewMessage();
  *message.mutable_question() = std::move(question);
  link_.Tell(message);
}

void NatsFleet::TellLater(fleet::v1::Revocation revocation) {
  loop_.Post([this, revocation = std::move(revocation)] { Tell(revocation); });
}

void NatsFleet::TellFound(Revocation found) {
  fleet::v1::Revocation revocation = ToMessage(found, DisconnectedBy::kOperator);
  revocation.set_ends_streams(false);
  TellLater(std::move(revocation));
}

void NatsFleet::Tell(const fleet::v1::Revocation& revocation) {
  fleet::v1::Message message = NewMessage();
  *message.mutable_kept()->add_revocations() = journal_.AddOwn(revocation, Monotonic());
  link_.Tell(message);
}

void NatsFleet::Take(const fleet::v1::Message& message) {
  const fleet::v1::Member& from = message.from();
  switch (message.kind_case()) {
    case fleet::v1::Message::kPresence:
      return TakePresence(from, message.presence());
    case fleet::v1::Message::kQuestion:
      return TakeQuestion(from, message.question());
    case fleet::v1::Message::kAnswer:
      if (message.answer().has_disconnected()) HasDone(message.answer().number());
      return askings_.Answered(from, message.answer(), Monotonic());
    case fleet::v1::Message::kWanted: {
      fleet::v1::Message answer = NewMessage();
      *answer.mutable_kept() =
          journal_.MissedBy(message.wanted().known(), MissedBytes(), Monotonic());
      return link_.TellOne(from.id(), answer);
    }
    case fleet::v1::Message::kKept:
      return TakeKept(from, message.kept());
    case fleet::v1::Message::kLeaving:
      return members_.Leave(from.id());
    case fleet::v1::Message::KIND_NOT_SET:
      return;
  }
}

void NatsFleet::TakePresence(const fleet::v1::Member& from, const fleet::v1::Presence& presence) {
  Members::Known* member = members_.Hear(from, Monotonic());
  journal_.Believe(from.id(), presence.known());
  HaveTold(presence.known());
  if (member == nullptr) return;
  if (presence.asks()) link_.TellOne(from.id(), BePresent(/*asks=*/false));
  Want(from, member, presence.known());
}

void NatsFleet::HaveTold(const RevocationJournal::KnownList& theirs) {
  if (untold_.empty()) return;
  for (const fleet::v1::Known& known : theirs) {
    if (known.origin() != own_.id()) continue;
    std::erase_if(untold_, [&](const Untold& untold) {
      return untold.revocation.number() <= known.through();
    });
  }
}

void NatsFleet::HasDone(uint64_t question) {
  std::erase_if(untold_, [question](const Untold& untold) {
    return untold.question != 0 && untold.question == question;
  });
}

void NatsFleet::LogUntold() const {
  for (const Untold& untold : untold_) {
    const fleet::v1::Revocation& revocation = untold.revocation;
    log::Error("no other member may have heard what an operator disconnected: ask for it anew",
               {{"subject", revocation.subject()},
                {"topic", revocation.topic()},
                {"topic_pattern", revocation.topic_pattern()},
                {"subscriber_id", revocation.subscriber_id()},
                {"why", revocation.reason()}});
  }
}

// Of one member, and of all of them, not more often than they can answer.
void NatsFleet::Want(const fleet::v1::Member& from, Members::Known* member,
                     const RevocationJournal::KnownList& theirs) {
  const absl::Time now = Monotonic();
  if (now < member->asked_at + kBetweenWants || !journal_.Misses(theirs)) return;
  member->asked_at = now;
  fleet::v1::Message message = NewMessage();
  *message.mutable_wanted()->mutable_known() = journal_.Known(now);
  link_.TellOne(from.id(), message);
}

void NatsFleet::TakeQuestion(const fleet::v1::Member& from, const fleet::v1::Question& question) {
  fleet::v1::Answer none;
  if (question.has_revocation()) {
    using Told = RevocationJournal::Told;
    const Told told = journal_.Add(question.revocation(), Monotonic());
    // Nothing is confirmed that was not applied, whatever this member was told of the asker.
    if (told == Told::kKnown || told == Told::kBeforeOurs) {
      none.set_disconnected(0);
      return Reply(from, question.number(), std::move(none));
    }
    return ApplyInTurn(from, question.revocation(),
                       [this, from, number = question.number()](fleet::v1::Answer answer) {
                         Reply(from, number, std::move(answer));
                       });
  }
  if (answering_ >= kAnsweringMax) {
    none.set_refused("is asked too much at once");
    return Reply(from, question.number(), std::move(none));
  }
  ++answering_;
  context_.node->Answer(question, [this, from, number = question.number()](fleet::v1::Answer a) {
    loop_.Post([this, from, number, answer = std::move(a)]() mutable {
      --answering_;
      Reply(from, number, std::move(answer));
    });
  });
}

void NatsFleet::TakeKept(const fleet::v1::Member& from, const fleet::v1::Kept& kept) {
  const absl::Time now = Monotonic();
  bool progress = false;
  for (const fleet::v1::Revocation& revocation : kept.revocations()) {
    const RevocationJournal::Told told = journal_.Add(revocation, now);
    using Told = RevocationJournal::Told;
    progress = progress || told == Told::kNew || told == Told::kBeforeOurs;
    if (told == Told::kNew || told == Told::kNoRoom) {
      ApplyInTurn(from, revocation, [](const fleet::v1::Answer&) {});
    }
  }
  if (kept.known().empty()) return;
  if (journal_.Lost(kept.known(), now)) Doubt("it is not kept any more");
  if (!progress || !journal_.Misses(kept.known())) return;
  // There was more than fits into one message.
  fleet::v1::Message message = NewMessage();
  *message.mutable_wanted()->mutable_known() = journal_.Known(now);
  link_.TellOne(from.id(), message);
}

void NatsFleet::ApplyInTurn(const fleet::v1::Member& from, const fleet::v1::Revocation& revocation,
                            Node::Done done) {
  if (to_apply_.size() >= kToApplyMax) {
    // What waits is in doubt, all of it; and nobody takes it for done.
    fleet::v1::Answer refused;
    refused.set_refused("is asked too much at once");
    for (const ToApply& waiting : to_apply_) waiting.done(refused);
    to_apply_.clear();
    Doubt("too much was taken back at once");
    return done(std::move(refused));
  }
  to_apply_.push_back({from, revocation, std::move(done)});
  ApplyNext();
}

void NatsFleet::ApplyNext() {
  while (applying_ < kApplyingMax && !to_apply_.empty()) {
    ToApply next = std::move(to_apply_.front());
    to_apply_.pop_front();
    ++applying_;
    auto done = [this, done = std::move(next.done)](fleet::v1::Answer answer) {
      loop_.Post([this, done, answer = std::move(answer)] {
        --applying_;
        done(answer);
        ApplyNext();
      });
    };
    Apply(next.from, std::move(next.revocation), std::move(done));
  }
}

void NatsFleet::Apply(const fleet::v1::Member& from, fleet::v1::Revocation revocation,
                      Node::Done done) {
  Metrics::Add(context_.metrics->revocations_told);
  if (!revocation.ends_streams()) {
    if (auto read = ReadRevocation(revocation); read.ok()) {
      context_.revocations->Add(*std::move(read));
    }
    return done({});
  }
  fleet::v1::Question question;
  *question.mutable_revocation() = revocation;
  context_.node->Answer(question, [from, revocation = std::move(revocation),
                                   done = std::move(done)](fleet::v1::Answer answer) {
    log::Info(revocation.by() == fleet::v1::BY_OPERATOR
                  ? "disconnected by an operator of another member"
                  : "taken back by an authorizer of another member",
              {{"member", from.name()},
               {"subject", revocation.subject()},
               {"topic", revocation.topic()},
               {"topic_pattern", revocation.topic_pattern()},
               {"subscriber_id", revocation.subscriber_id()},
               {"why", revocation.reason()},
               {"streams", answer.disconnected()}});
    done(std::move(answer));
  });
}

void NatsFleet::Reply(const fleet::v1::Member& to, uint64_t number, fleet::v1::Answer answer) {
  if (stopping_) return;
  ShortenTo(link_.BytesMax(), &answer);
  answer.set_number(number);
  fleet::v1::Message message = NewMessage();
  *message.mutable_answer() = std::move(answer);
  link_.TellOne(to.id(), message);
}

// In this order, as where something is taken back: what is on its way sees the doubt, or is
// visited.
void NatsFleet::Doubt(const char* why) {
  log::Warning("what was taken back meanwhile is not known: all streams are asked about again",
               {{"why", why}});
  context_.revocations->DoubtBefore(context_.revocations->Mark());
  context_.hub->Doubt(kDoubtWithin);
}

fleet::v1::Message NatsFleet::BePresent(bool asks) const {
  fleet::v1::Message message = NewMessage();
  message.mutable_presence()->set_asks(asks);
  *message.mutable_presence()->mutable_known() = journal_.Known(Monotonic());
  return message;
}

fleet::v1::Message NatsFleet::NewMessage() const {
  fleet::v1::Message message;
  message.set_version(kFleetVersion);
  *message.mutable_from() = Ourselves();
  return message;
}

void NatsFleet::Reached(absl::Duration away_for) {
  if (away_for + RevocationJournal::kLeeway >= options_.revocations_kept) {
    Doubt("this bridge was away for too long");
  }
  UpdateState(Monotonic());
}

void NatsFleet::Away(const absl::Status& why) {
  askings_.Unreached(why, Monotonic());
  UpdateState(Monotonic());
}

void NatsFleet::Tick() {
  const absl::Time now = Monotonic();
  askings_.Tick(now);
  if (stopping_) return;
  link_.Tick(now);
  if (now < next_second_) return;
  next_second_ = now + options_.presence_every;
  link_.Tell(BePresent(/*asks=*/false));
  members_.Tick(now);
  if (journal_.Expire(now)) Doubt("some of it never came");
  UpdateState(now);
}

void NatsFleet::UpdateState(absl::Time now) {
  FleetState state{.name = own_.name(), .id = own_.id(), .reached = link_.Reached()};
  for (const auto& [id, known] : members_.all()) {
    state.others.push_back({.name = known.member.name(),
                            .id = id,
                            .version = known.member.version(),
                            .silent_for = now - known.heard_at});
  }
  const MutexLock lock(&state_mutex_);
  state_ = std::move(state);
}

absl::Status NatsFleet::Join(std::string name) {
  own_.set_name(options_.name.empty() ? std::move(name) : options_.name);
  UpdateState(Monotonic());
  joined_ = true;
  loop_.Start([this] { Tick(); }, [] {});
  return link_.Connect();
}

void NatsFleet::Leave() {
  if (!std::exchange(joined_, false)) return;
  std::promise<std::shared_ptr<NatsConnection>> idle;
  loop_.Post([&] {
    fleet::v1::Message message = NewMessage();
    message.mutable_leaving();
    link_.Tell(message);
    stopping_ = true;
    askings_.EndAll(absl::UnavailableError("this bridge leaves the fleet"));
    idle.set_value(link_.Leave());
  });
  // The connection ends first: nothing is posted by it after that.
  idle.get_future().get().reset();
  loop_.Stop();
  link_.Leave().reset();
  LogUntold();
}

}  // namespace

std::unique_ptr<Fleet> MakeNatsFleet(FleetOptions options, NatsFleetContext context) {
  return std::make_unique<NatsFleet>(std::move(options), context);
}

}  // namespace sluice

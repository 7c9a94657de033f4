#include "bridge/event_log/jetstream/topic_index.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "bridge/base/text.h"
#include "bridge/event_log/jetstream/stored_message.h"

namespace sluice {
namespace {

using std::chrono::steady_clock;

constexpr absl::Duration kPatience = absl::Seconds(3);
constexpr std::chrono::seconds kSilence{3};
constexpr uint64_t kFetch = 1000;
constexpr size_t kListingsMax = 4;
constexpr int64_t kInactiveNanoseconds = 10'000'000'000;

}  // namespace

void TopicIndexes::List(const std::string& subject, Done done) {
  // (One that is being listed may lack what was stored since.)
  for (Wanted& wanted : waiting_) {
    if (wanted.subject == subject) return wanted.done.push_back(std::move(done));
  }
  waiting_.push_back({subject, {std::move(done)}});
  BeginWaiting();
}

// As many as may run; a topic that is being listed waits for that to end.
void TopicIndexes::BeginWaiting() {
  for (size_t i = 0; i < waiting_.size() && indexes_.size() < kListingsMax;) {
    const bool listed = std::any_of(indexes_.begin(), indexes_.end(), [&](const auto& index) {
      return index.second->subject == waiting_[i].subject;
    });
    if (listed) {
      ++i;
      continue;
    }
    Wanted wanted = std::move(waiting_[i]);
    waiting_.erase(waiting_.begin() + static_cast<std::ptrdiff_t>(i));
    BeginOne(std::move(wanted));
  }
}

void TopicIndexes::BeginOne(Wanted wanted) {
  const std::string consumer = absl::StrCat("list-", name_, "-", ++last_);
  const nlohmann::json request = {{"stream_name", options_.stream},
                                  {"config",
                                   {{"name", consumer},
                                    {"deliver_policy", "all"},
                                    {"ack_policy", "none"},
                                    {"max_deliver", 1},
                                    {"replay_policy", "instant"},
                                    {"filter_subject", wanted.subject},
                                    {"headers_only", true},
                                    {"mem_storage", true},
                                    {"num_replicas", 1},
                                    {"inactive_threshold", kInactiveNanoseconds}}}};
  auto index = std::make_unique<Index>();
  index->subject = wanted.subject;
  index->done = std::move(wanted.done);
  index->until = steady_clock::now() + absl::ToChronoNanoseconds(kPatience) + kSilence;
  indexes_.emplace(consumer, std::move(index));
  requests_.Send(
      absl::StrCat("$JS.API.CONSUMER.CREATE.", options_.stream, ".", consumer, ".", wanted.subject),
      {}, request.dump(), kPatience, [this, consumer](const absl::StatusOr<NatsMessage>& answer) {
        const auto found = indexes_.find(consumer);
        if (found == indexes_.end()) return;
        if (!answer.ok()) return Finish(consumer, answer.status());
        const absl::StatusOr<uint64_t> pending = ParsePending(answer->data());
        if (!pending.ok() || *pending == 0) return Finish(consumer, pending.status());
        Fetch(consumer, *found->second);
      });
}

void TopicIndexes::Fetch(const std::string& consumer, Index& index) {
  index.asked_for = kFetch;
  index.until = steady_clock::now() + kSilence;
  // (What it answers with, when there are no more, is of no interest: the last message says
  // that it is the last.)
  requests_.Send(absl::StrCat("$JS.API.CONSUMER.MSG.NEXT.", options_.stream, ".", consumer), {},
                 nlohmann::json{{"batch", kFetch}, {"no_wait", true}}.dump(), kPatience,
                 [](const absl::StatusOr<NatsMessage>&) {});
}

bool TopicIndexes::Take(const NatsMessage& message, const Delivered& from) {
  const std::string consumer(from.consumer);
  const auto found = indexes_.find(consumer);
  if (found == indexes_.end()) return false;
  Index& index = *found->second;
  if (from.consumer_sequence != ++index.taken) {
    Finish(consumer, absl::UnavailableError("NATS: a message of the topic's list is missing"));
    return true;
  }
  Entry entry;
  entry.sequence = from.stream_sequence;
  entry.publisher_id = std::string(message.header(kPublisherIdHeader));
  if (!absl::SimpleAtoi(AsAbsl(message.header(kEventsHeader)), &entry.events)) entry.events = 1;
  index.entries.push_back(std::move(entry));
  index.until = steady_clock::now() + kSilence;
  // Some more than a topic may have: it is written while it is read.
  if (index.entries.size() > 2 * uint64_t{options_.events_per_topic}) index.entries.pop_front();
  if (from.pending == 0) {
    Finish(consumer, absl::OkStatus());
  } else if (--index.asked_for == 0) {
    Fetch(consumer, index);
  }
  return true;
}

void TopicIndexes::Finish(const std::string& consumer, const absl::Status& status) {
  auto index = indexes_.extract(consumer);
  doomed_.Add(consumer);
  const absl::StatusOr<Entries> listed =
      status.ok() ? absl::StatusOr<Entries>(std::move(index.mapped()->entries)) : status;
  for (const Done& done : index.mapped()->done) done(listed);
  BeginWaiting();
}

void TopicIndexes::Tick() {
  doomed_.Tick();
  const auto now = steady_clock::now();
  std::vector<std::string> over;
  for (const auto& [consumer, index] : indexes_) {
    if (index->until <= now) over.push_back(consumer);
  }
  for (const std::string& consumer : over) {
    Finish(consumer, absl::DeadlineExceededError("NATS did not list the topic in time"));
  }
}

void TopicIndexes::FailAll(const absl::Status& why) {
  std::vector<Done> all;
  for (auto& [consumer, index] : indexes_) {
    doomed_.Add(consumer);
    for (Done& done : index->done) all.push_back(std::move(done));
  }
  indexes_.clear();
  for (Wanted& wanted : std::exchange(waiting_, {})) {
    for (Done& done : wanted.done) all.push_back(std::move(done));
  }
  for (const Done& done : all) done(why);
}

}  // namespace sluice

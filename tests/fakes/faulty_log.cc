#include "tests/fakes/faulty_log.h"

#include <algorithm>
#include <utility>

namespace sluice {
namespace {

absl::Status Away() { return absl::UnavailableError("the log does not answer"); }

}  // namespace

FaultyLog::FaultyLog(LogLeader& leader, Chance& chance)
    : leader_(leader), chance_(chance), views_(leader.partitions()) {}

void FaultyLog::RunTail(Partition partition, size_t events) {
  View& view = views_[partition];
  if (view.epoch == 0 || view.interrupted) return;
  // Of what was let go before it was told, nobody would hear; of a part that was made
  // anew, nobody would know that it was.
  const bool hole =
      view.head < leader_.gone_through(partition) || view.epoch != leader_.epoch(partition);
  if (hole) return MoveHead(partition);
  const auto& kept = leader_.kept(partition);
  for (auto it = kept.upper_bound(view.head); it != kept.end() && events > 0; ++it, --events) {
    Deliver(view, it->second);
    view.head = it->first;
  }
}

void FaultyLog::Deliver(View& view, const StoredEventPtr& event) {
  const auto found = view.followers.find(event->event().topic);
  uint64_t shards = found == view.followers.end() ? 0 : found->second;
  for (; shards != 0; shards &= shards - 1) {
    tail_->Deliver(static_cast<ShardIndex>(std::countr_zero(shards)), {&event, 1});
  }
}

// Somewhere from where everything can be told: whoever follows reads what is before it.
void FaultyLog::MoveHead(Partition partition) {
  View& view = views_[partition];
  const bool same = view.epoch == leader_.epoch(partition);
  const Offset least = std::max(same ? view.head : 0, leader_.gone_through(partition));
  view.epoch = leader_.epoch(partition);
  view.head = chance_.Between(least, std::max(least, leader_.end(partition)));
  TellLost(partition);
}

void FaultyLog::TellLost(Partition partition) {
  uint64_t shards = 0;
  for (const auto& [topic, followers] : views_[partition].followers) shards |= followers;
  for (; shards != 0; shards &= shards - 1) {
    tail_->Lost(static_cast<ShardIndex>(std::countr_zero(shards)), partition);
  }
}

void FaultyLog::ContinueElsewhere(Partition partition) {
  View& view = views_[partition];
  view.interrupted = false;
  if (view.epoch != 0) MoveHead(partition);
}

void FaultyLog::Reach(Partition partition) {
  if (views_[partition].epoch == 0) MoveHead(partition);
}

void FaultyLog::Forget(Partition partition) {
  View& view = views_[partition];
  if (!view.followers.empty()) return;
  view.epoch = 0;
  view.head = 0;
  view.interrupted = false;
}

bool FaultyLog::UpToDate(Partition partition) const {
  const View& view = views_[partition];
  const auto& kept = leader_.kept(partition);
  return view.epoch == leader_.epoch(partition) && kept.upper_bound(view.head) == kept.end();
}

void FaultyLog::TellTransient(const Event& event) {
  const Partition partition = leader_.PartitionOf(event.topic);
  View& view = views_[partition];
  if (view.epoch == 0 || view.interrupted) return;
  Deliver(view, std::make_shared<const StoredEvent>(event, EventId{view.epoch, view.head, false}));
}

void FaultyLog::Append(AppendRequest request, AppendDone done) {
  if (Happens(faults_.appends_fail)) return done(Away());
  std::vector<AppendResult> results;
  for (Event& event : request.events) {
    results.push_back(leader_.Store(request.principal, std::move(event)));
  }
  if (Happens(faults_.answers_fail)) return done(Away());
  done(std::move(results));
}

std::optional<Offset> FaultyLog::Follow(std::string_view topic, ShardIndex shard) {
  View& view = views_[leader_.PartitionOf(topic)];
  view.followers[std::string(topic)] |= uint64_t{1} << shard;
  if (view.epoch == 0) return std::nullopt;
  return view.head;
}

void FaultyLog::Unfollow(std::string_view topic, ShardIndex shard) {
  View& view = views_[leader_.PartitionOf(topic)];
  const auto found = view.followers.find(std::string(topic));
  if (found == view.followers.end()) return;
  found->second &= ~(uint64_t{1} << shard);
  if (found->second == 0) view.followers.erase(found);
}

void FaultyLog::Read(ReadRequest request, ReadDone done) {
  const View& view = views_[leader_.PartitionOf(request.topic)];
  WaitingRead read{.request = std::move(request),
                   .done = std::move(done),
                   .head = {view.epoch, view.head, false},
                   .result = std::nullopt,
                   .fails = Happens(faults_.reads_fail)};
  const bool waits = Happens(faults_.reads_wait);
  if (waits && Happens(faults_.reads_are_old)) read.result = leader_.Read(read.request);
  reads_.push_back(std::move(read));
  if (!waits) FinishRead(reads_.size() - 1);
}

void FaultyLog::FinishRead(size_t index) {
  WaitingRead read = std::move(reads_[index]);
  reads_.erase(reads_.begin() + static_cast<ptrdiff_t>(index));
  if (read.fails) return read.done(Away());
  ReadResult result = read.result ? *std::move(read.result) : leader_.Read(read.request);
  if (chance_.OneIn(4)) BeModest(read.head, result);
  read.done(std::move(result));
}

void FaultyLog::BeModest(EventId head, ReadResult& result) {
  Offset least = result.events.empty() ? result.after : result.events.back()->offset();
  if (head.epoch == result.epoch) least = std::max(least, head.offset);
  if (least < result.complete_through) {
    result.complete_through = chance_.Between(least, result.complete_through);
  }
}

void FaultyLog::AnswerARead() {
  if (reads_.empty()) return;
  FinishRead(chance_.UpTo(static_cast<uint32_t>(reads_.size() - 1)));
}

void FaultyLog::AnswerReads() {
  while (!reads_.empty()) FinishRead(0);
}

void FaultyLog::FailReads() {
  for (WaitingRead& read : reads_) read.fails = true;
  AnswerReads();
}

}  // namespace sluice

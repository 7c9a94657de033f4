#include "bridge/hub/replay.h"

#include "boost/asio/io_context.hpp"
#include "boost/asio/post.hpp"

namespace sluice {
ReplayQueue::ReplayQueue(EventLog& log, boost::asio::io_context& context, uint32_t reads_max,
                         std::function<void(Subscription&)> wake)
    : log_(log), context_(context), reads_max_(reads_max), wake_(std::move(wake)) {}

ReplayQueue::~ReplayQueue() { *alive_ = false; }

std::optional<ReplayQueue::Key> ReplayQueue::KeyOf(const std::string& topic,
                                                   const ReadStart& start) {
  if (const auto* after = std::get_if<AfterOffset>(&start)) {
    return Key{topic, start.index(), 0, after->offset};
  }
  if (const auto* after = std::get_if<AfterId>(&start)) {
    return Key{topic, start.index(), after->id.epoch, after->id.offset};
  }
  if (std::holds_alternative<Latest>(start)) return Key{topic, start.index(), 0, 0};
  return std::nullopt;
}

ReplayPtr ReplayQueue::Read(const std::string& topic, ReadStart start, Subscription& subscription) {
  auto replay = std::make_shared<Replay>();
  if (const std::optional<Key> key = KeyOf(topic, start)) {
    const auto [shared, added] = shared_.try_emplace(*key, replay);
    if (!added) {
      shared->second->waiting.push_back(&subscription);
      return shared->second;
    }
  }
  replay->topic = topic;
  replay->start = std::move(start);
  replay->waiting.push_back(&subscription);
  queued_.push_back(replay);
  Begin();
  return replay;
}

void ReplayQueue::StopWaiting(Replay& replay, const Subscription& subscription) {
  std::erase(replay.waiting, &subscription);
}

void ReplayQueue::ShareNoLonger(const Replay& replay) {
  const std::optional<Key> key = KeyOf(replay.topic, replay.start);
  if (!key) return;
  const auto shared = shared_.find(*key);
  if (shared != shared_.end() && shared->second.get() == &replay) shared_.erase(shared);
}

void ReplayQueue::Begin() {
  while (reading_ < reads_max_ && !queued_.empty()) {
    ReplayPtr replay = std::move(queued_.front());
    queued_.pop_front();
    if (replay->waiting.empty()) {  // whoever wanted it has left
      ShareNoLonger(*replay);
      continue;
    }
    ++reading_;
    if (!std::holds_alternative<AfterOffset>(replay->start)) ShareNoLonger(*replay);
    ReadRequest request{.topic = replay->topic, .start = replay->start};
    // Where it starts is all that is asked: the events are read from there.
    if (!std::holds_alternative<AfterOffset>(replay->start)) request.events_max = 1;
    auto done = [this, replay, alive = alive_](absl::StatusOr<ReadResult> result) mutable {
      boost::asio::post(context_, [this, replay = std::move(replay), alive = std::move(alive),
                                   result = std::move(result)]() mutable {
        if (*alive) Finish(replay, std::move(result));
      });
    };
    log_.Read(std::move(request), std::move(done));
  }
}

void ReplayQueue::Finish(const ReplayPtr& replay, absl::StatusOr<ReadResult> result) {
  --reading_;
  replay->loading = false;
  ShareNoLonger(*replay);
  if (result.ok()) {
    replay->epoch = result->epoch;
    replay->after = result->after;
    replay->complete_through = result->complete_through;
    replay->found = result->found;
    replay->events.reserve(result->events.size());
    for (StoredEventPtr& event : result->events) replay->events.emplace_back(std::move(event));
  } else {
    replay->status = result.status();
  }
  for (Subscription* subscription : std::exchange(replay->waiting, {})) wake_(*subscription);
  Begin();
}

}  // namespace sluice

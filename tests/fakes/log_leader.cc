#include "tests/fakes/log_leader.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "bridge/base/text.h"

namespace sluice {

LogLeader::LogLeader(uint32_t partitions) : parts_(partitions) {
  for (Part& part : parts_) part.epoch = ++last_epoch_;
}

Partition LogLeader::PartitionOf(std::string_view topic) const {
  return static_cast<Partition>(topic.front() - '0') % partitions();
}

Offset LogLeader::DroppedThrough(const Part& part, const std::string& topic) {
  const auto found = part.dropped.find(topic);
  return found == part.dropped.end() ? 0 : found->second;
}

AppendResult LogLeader::Store(std::string_view principal, Event event) {
  Part& part = parts_[PartitionOf(event.topic)];
  const std::string key =
      absl::StrCat(AsAbsl(principal), "\n", event.topic, "\n", event.publisher_id);
  if (!event.publisher_id.empty()) {
    const auto known = part.known.find(key);
    if (known != part.known.end()) {
      AppendResult again = known->second;
      again.duplicate = true;
      return again;
    }
  }
  const AppendResult result{{part.epoch, ++part.end, event.end_of_stream}, false, false};
  if (!event.publisher_id.empty()) part.known.emplace(key, result);
  const auto stored = std::make_shared<const StoredEvent>(std::move(event), result.id);
  part.kept.emplace(part.end, stored);
  if (stored_) stored_(*stored);
  return result;
}

Offset LogLeader::BehindHole(const Part& part, Offset offset) {
  const auto next = part.holes.upper_bound(offset);
  return next == part.holes.begin() ? offset : std::max(offset, std::prev(next)->second);
}

// Where it starts: `after` and `found`, as if the whole topic were read from there.
void LogLeader::Begin(const Part& part, const ReadRequest& request, ReadResult* result) {
  const Offset dropped = DroppedThrough(part, request.topic);
  result->after = dropped;
  if (std::holds_alternative<Latest>(request.start)) {
    result->after = part.end;
  } else if (const auto* after = std::get_if<AfterOffset>(&request.start)) {
    result->after = std::max(BehindHole(part, after->offset), dropped);
  } else if (const auto* id = std::get_if<AfterId>(&request.start)) {
    result->found = id->id.epoch == part.epoch && id->id.offset <= part.end;
    if (result->found) {
      result->after = std::max(BehindHole(part, id->id.offset), dropped);
    } else if (id->id.epoch == part.epoch) {
      result->after = part.end;
    }
  } else if (const auto* last = std::get_if<LastN>(&request.start)) {
    uint32_t left = last->events;
    for (auto it = part.kept.rbegin(); it != part.kept.rend(); ++it) {
      if (it->second->event().topic != request.topic) continue;
      if (left-- > 0) continue;
      result->after = it->first;
      break;
    }
  } else if (const auto* wanted = std::get_if<AfterPublisherId>(&request.start)) {
    result->found = false;
    for (const auto& [offset, event] : part.kept) {
      if (event->event().topic != request.topic || event->event().publisher_id != wanted->id) {
        continue;
      }
      result->found = true;
      result->after = offset;
    }
  }
}

ReadResult LogLeader::Read(const ReadRequest& request) const {
  const Part& part = parts_[PartitionOf(request.topic)];
  ReadResult result;
  result.epoch = part.epoch;
  result.dropped_through = DroppedThrough(part, request.topic);
  result.complete_through = std::max(part.end, result.after);
  Begin(part, request, &result);
  if (std::holds_alternative<Latest>(request.start)) return result;
  size_t bytes = 0;
  for (auto it = part.kept.upper_bound(result.after); it != part.kept.end(); ++it) {
    if (it->second->event().topic != request.topic) continue;
    bytes += it->second->bytes();
    const bool full = result.events.size() >= request.events_max ||
                      (bytes > request.bytes_max && !result.events.empty());
    if (full) {
      result.complete_through =
          result.events.empty() ? result.after : result.events.back()->offset();
      break;
    }
    result.events.push_back(it->second);
  }
  return result;
}

LogLeader::Drops LogLeader::Drop(Part& part, std::string_view topic, Offset through) {
  Drops drops;
  for (auto it = part.kept.begin(); it != part.kept.end() && it->first <= through;) {
    const std::string& of = it->second->event().topic;
    if (!topic.empty() && of != topic) {
      ++it;
      continue;
    }
    part.dropped[of] = it->first;
    part.gone_through = std::max(part.gone_through, it->first);
    drops.emplace_back(of, it->first);
    it = part.kept.erase(it);
  }
  return drops;
}

LogLeader::Drops LogLeader::DropTopic(const std::string& topic, Offset through) {
  return Drop(parts_[PartitionOf(topic)], topic, through);
}

LogLeader::Drops LogLeader::DropAll(Partition partition, Offset through) {
  return Drop(parts_[partition], {}, through);
}

void LogLeader::MakeAnew(Partition partition) { parts_[partition] = Part{.epoch = ++last_epoch_}; }

Offset LogLeader::Crash(Partition partition, Offset lost_max, Offset skipped) {
  Part& part = parts_[partition];
  const Offset safe = part.gone_through;
  const Offset after = std::max(safe, part.end - std::min(part.end, lost_max));
  part.kept.erase(part.kept.upper_bound(after), part.kept.end());
  std::erase_if(part.known, [&](const auto& known) { return known.second.id.offset > after; });
  part.end += skipped;
  part.holes[after + 1] = part.gone_through = part.end;
  return after;
}

}  // namespace sluice

#include "bridge/hub/log_head.h"

#include "absl/strings/str_cat.h"

namespace sluice {

EventId HeadOf(const EventLog& log, Partition partition) {
  while (true) {
    const Epoch epoch = log.epoch(partition);
    const Offset head = log.head(partition);
    if (log.epoch(partition) != epoch) continue;  // it was made anew in between
    return epoch == 0 ? EventId{} : EventId{epoch, head, false};
  }
}

bool IsUpToHead(const EventLog& log, Partition partition, const EventId& id) {
  const EventId head = HeadOf(log, partition);
  return head.epoch != 0 && id.epoch == head.epoch && id.offset <= head.offset;
}

absl::Status CheckOnePartition(const EventLog& log, std::span<const std::string> topics) {
  if (log.partitions() == 1 || topics.empty()) return absl::OkStatus();
  const Partition first = log.PartitionOf(topics.front());
  for (const std::string& topic : topics.subspan(1)) {
    if (log.PartitionOf(topic) == first) continue;
    return absl::InvalidArgumentError(absl::StrCat(
        "the topics '", topics.front(), "' and '", topic,
        "' lie in different parts of the event log, which have no order in common: ask for each in "
        "a stream of its own"));
  }
  return absl::OkStatus();
}

}  // namespace sluice

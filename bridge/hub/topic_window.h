// The newest events of a topic on a shard. Cursors go through it by index:
// indices only grow, and an index below `kept_begin` has fallen out.
//
// Transient events stand beside the kept ones, so that they push none out; what
// came first is told by `arrival`, the shard's own count.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "boost/container/deque.hpp"
#include "bridge/event_log/event_log.h"
#include "bridge/hub/shared_event.h"

namespace sluice {

class Subscription;

// Where a cursor stands in a window.
struct WindowPlace {
  uint64_t kept = 0;
  uint64_t transient = 0;
};

struct WindowEntry {
  SharedEvent shared;
  uint64_t arrival;
  // Of a transient event: the newest kept offset on the shard when it came.
  Offset position;
};

class TopicWindow {
 public:
  // `head`: what the log answered when the topic was followed. With epoch 0 it is not known yet:
  // the window takes nothing, and nobody may enter it, before it is restarted.
  TopicWindow(std::string topic, Partition partition, const EventId& head)
      : topic_(std::move(topic)),
        partition_(partition),
        epoch_(head.epoch),
        complete_from_(head.offset),
        newest_(head.offset) {}

  const std::string& topic() const { return topic_; }
  Partition partition() const { return partition_; }
  // What all its offsets are of; 0: the head is not known yet.
  Epoch epoch() const { return epoch_; }
  // How often it was restarted; from 1 on.
  uint32_t restarts() const { return restarts_; }
  // Everything of the topic after this offset is here (or still to come).
  Offset complete_from() const { return complete_from_; }
  size_t bytes() const { return bytes_ + transient_bytes_; }

  // Offsets rise. What is not after the head, or of another epoch, is ignored: the log has it.
  // False: it was ignored.
  bool Add(StoredEventPtr event, uint64_t arrival, Offset position, size_t bytes_max);
  // Lets go of the older half, and of all transient events.
  void Shrink();
  // Something was lost on the way, or the head is known now, or is of another epoch: everything
  // up to `head` is the log's now.
  void Restart(const EventId& head);

  // Right behind everything that is here.
  WindowPlace End() const { return {kept_end(), transient_end()}; }
  // For a cursor that has everything up to `after` (at least complete_from).
  // Transient events that came before are past.
  WindowPlace PlaceAfter(Offset after) const;
  bool FellOut(const WindowPlace& place) const { return place.kept < kept_begin_; }
  // What comes next; null: nothing yet. Skips transient events that are gone.
  const WindowEntry* Next(WindowPlace& place) const;
  // Past what Next gave.
  static void Step(WindowPlace& place, const WindowEntry& entry) {
    ++(entry.shared.event().transient() ? place.transient : place.kept);
  }

  // A cursor that stands here: whose, and which of its cursors.
  struct Member {
    Subscription* subscription;
    uint32_t cursor;
  };
  // The shard keeps it.
  std::vector<Member> members;
  // Since when it is empty.
  absl::Time deserted_at = absl::InfiniteFuture();

 private:
  uint64_t kept_end() const { return kept_begin_ + kept_.size(); }
  uint64_t transient_end() const { return transient_begin_ + transient_.size(); }
  void DropFirst();

  const std::string topic_;
  const Partition partition_;
  uint32_t restarts_ = 1;
  Epoch epoch_;
  Offset complete_from_;
  Offset newest_;
  boost::container::deque<WindowEntry> kept_;  // unlike std::deque, nothing while empty
  uint64_t kept_begin_ = 0;
  boost::container::deque<WindowEntry> transient_;
  uint64_t transient_begin_ = 0;
  size_t bytes_ = 0;
  size_t transient_bytes_ = 0;
};

}  // namespace sluice

// The frames of events in views that a shard's subscribers have asked for: each event is
// encoded once for each view, however many there are of either, for as long as all of them
// together take no more than a bound. Past it those of the events that were encoded first go,
// no more than need to, and are encoded again for whoever comes to them.
//
// Lives on one shard's thread.
#pragma once

#include <cstddef>
#include <list>

#include "absl/container/flat_hash_map.h"
#include "bridge/event/event.h"
#include "bridge/event/frame_view.h"

namespace sluice {

class EventFrames;

class ViewFrames {
 public:
  explicit ViewFrames(size_t bytes_max) : bytes_max_(bytes_max) {}
  ViewFrames(const ViewFrames&) = delete;
  ViewFrames& operator=(const ViewFrames&) = delete;

  // Lets go of what is past the bound. (Only here: whoever was given a frame may use it until
  // then.)
  void Trim();

  size_t bytes() const { return bytes_; }

 private:
  friend class EventFrames;

  const size_t bytes_max_;
  size_t bytes_ = 0;
  std::list<EventFrames*> oldest_first_;  // those that have any
};

// Those of one event.
class EventFrames {
 public:
  // `home` outlives this.
  explicit EventFrames(ViewFrames& home) : home_(home) {}
  ~EventFrames();
  EventFrames(const EventFrames&) = delete;
  EventFrames& operator=(const EventFrames&) = delete;

  const FramePtr& In(const FrameViewPtr& view, const StoredEvent& event);

 private:
  friend class ViewFrames;

  void LetOneGo();

  ViewFrames& home_;
  // Holds on to the views: a frame is found by its view's address.
  absl::flat_hash_map<FrameViewPtr, FramePtr> frames_;
  size_t bytes_ = 0;
  std::list<EventFrames*>::iterator place_;  // where there are frames
};

}  // namespace sluice

// An event as a shard holds it: with its frames in the views that somebody on
// the shard has asked for.
#pragma once

#include <memory>
#include <utility>

#include "bridge/event/event.h"
#include "bridge/event/frame_view.h"
#include "bridge/hub/view_frames.h"

namespace sluice {

// Lives on one shard's thread.
class SharedEvent {
 public:
  explicit SharedEvent(StoredEventPtr event) : event_(std::move(event)) {}

  const StoredEvent& event() const { return *event_; }

  // Null `view`: the default one. `made`: the shard's; the frame is there until it is trimmed.
  const SseFrame& Frame(const FrameViewPtr& view, ViewFrames& made) const {
    return view == nullptr ? event_->default_frame() : *In(view, made);
  }
  FramePtr OwnFrame(const FrameViewPtr& view, ViewFrames& made) const {
    return view == nullptr ? FramePtr(event_, &event_->default_frame()) : In(view, made);
  }

 private:
  const FramePtr& In(const FrameViewPtr& view, ViewFrames& made) const {
    if (frames_ == nullptr) frames_ = std::make_unique<EventFrames>(made);
    return frames_->In(view, *event_);
  }

  StoredEventPtr event_;
  mutable std::unique_ptr<EventFrames> frames_;  // null: in no view yet
};

}  // namespace sluice

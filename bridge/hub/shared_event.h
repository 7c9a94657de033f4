// An event as a shard holds it: with its frames in the views that somebody on
// the shard has asked for.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "bridge/event/event.h"
#include "bridge/event/frame_view.h"

namespace sluice {

// Lives on one shard's thread.
class SharedEvent {
 public:
  explicit SharedEvent(StoredEventPtr event) : event_(std::move(event)) {}

  const StoredEvent& event() const { return *event_; }

  // Null `view`: the default one. Until other views are asked for.
  const SseFrame& Frame(const FrameViewPtr& view) const {
    return view == nullptr ? event_->default_frame() : *Made(view);
  }
  FramePtr OwnFrame(const FrameViewPtr& view) const {
    return view == nullptr ? FramePtr(event_, &event_->default_frame()) : Made(view);
  }

 private:
  // Holds on to its view: a frame is found by the view's address.
  using ViewFrame = std::pair<FrameViewPtr, FramePtr>;
  // Every subscriber may have masks of its own; past this the oldest frame is let go.
  static constexpr size_t kFramesMax = 16;

  const FramePtr& Made(const FrameViewPtr& view) const {
    for (const ViewFrame& made : frames_) {
      if (made.first == view) return made.second;
    }
    if (frames_.size() == kFramesMax) frames_.erase(frames_.begin());
    frames_.emplace_back(
        view, std::make_shared<const SseFrame>(EncodeFrame(*event_, *view, event_->id().end)));
    return frames_.back().second;
  }

  StoredEventPtr event_;
  mutable std::vector<ViewFrame> frames_;
};

}  // namespace sluice

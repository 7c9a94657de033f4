#include "bridge/hub/view_frames.h"

#include <memory>

namespace sluice {
namespace {

// Of a frame beside its bytes: itself, its place in the table, what allocations cost.
constexpr size_t kOverheadBytes = 160;

size_t Cost(const FramePtr& frame) { return frame->chunked().size() + kOverheadBytes; }

}  // namespace

void ViewFrames::Trim() {
  while (bytes_ > bytes_max_) oldest_first_.front()->LetOneGo();
}

EventFrames::~EventFrames() {
  if (frames_.empty()) return;
  home_.bytes_ -= bytes_;
  home_.oldest_first_.erase(place_);
}

const FramePtr& EventFrames::In(const FrameViewPtr& view, const StoredEvent& event) {
  const auto [entry, added] = frames_.try_emplace(view);
  FramePtr& frame = entry->second;
  if (!added) return frame;
  frame = std::make_shared<const SseFrame>(EncodeFrame(event, *view, event.id().end));
  if (frames_.size() == 1) {
    place_ = home_.oldest_first_.insert(home_.oldest_first_.end(), this);
  }
  const size_t cost = Cost(frame);
  bytes_ += cost;
  home_.bytes_ += cost;
  return frame;
}

// Any of them: readers that take turns would meet the loss of the oldest every time.
void EventFrames::LetOneGo() {
  const auto one = frames_.begin();
  const size_t cost = Cost(one->second);
  bytes_ -= cost;
  home_.bytes_ -= cost;
  frames_.erase(one);
  if (!frames_.empty()) return;
  frames_ = {};  // with the table's memory
  home_.oldest_first_.erase(place_);
}

}  // namespace sluice

#include "bridge/hub/topic_window.h"

#include <algorithm>

namespace sluice {
namespace {

// Transient events get this share of a window's bytes, on top of them.
constexpr size_t kTransientShare = 4;

}  // namespace

bool TopicWindow::Add(StoredEventPtr event, uint64_t arrival, Offset position, size_t bytes_max) {
  if (event->id().epoch != epoch_) return false;
  const size_t bytes = event->bytes();
  if (event->transient()) {
    transient_.push_back({SharedEvent(std::move(event)), arrival, position});
    transient_bytes_ += bytes;
    while (transient_bytes_ > bytes_max / kTransientShare && transient_.size() > 1) {
      transient_bytes_ -= transient_.front().shared.event().bytes();
      transient_.pop_front();
      ++transient_begin_;
    }
    return true;
  }
  if (event->offset() <= newest_) return false;
  newest_ = event->offset();
  kept_.push_back({SharedEvent(std::move(event)), arrival, newest_});
  bytes_ += bytes;
  while (bytes_ > bytes_max && kept_.size() > 1) DropFirst();
  return true;
}

void TopicWindow::DropFirst() {
  const StoredEvent& first = kept_.front().shared.event();
  complete_from_ = first.offset();
  bytes_ -= first.bytes();
  kept_.pop_front();
  ++kept_begin_;
}

void TopicWindow::Shrink() {
  transient_begin_ = transient_end();
  transient_.clear();
  transient_bytes_ = 0;
  for (size_t drop = (kept_.size() + 1) / 2; drop > 0; --drop) DropFirst();
}

void TopicWindow::Restart(const EventId& head) {
  // One index more than there were entries: even a cursor that had taken
  // everything finds itself outside.
  kept_begin_ = kept_end() + 1;
  kept_.clear();
  bytes_ = 0;
  complete_from_ = newest_ = head.epoch == epoch_ ? std::max(head.offset, newest_) : head.offset;
  epoch_ = head.epoch;
  ++restarts_;
}

WindowPlace TopicWindow::PlaceAfter(Offset after) const {
  const auto next = std::partition_point(kept_.begin(), kept_.end(), [&](const WindowEntry& entry) {
    return entry.shared.event().offset() <= after;
  });
  return {kept_begin_ + static_cast<uint64_t>(next - kept_.begin()), transient_end()};
}

const WindowEntry* TopicWindow::Next(WindowPlace& place) const {
  place.transient = std::max(place.transient, transient_begin_);
  const WindowEntry* kept = place.kept < kept_end() ? &kept_[place.kept - kept_begin_] : nullptr;
  if (place.transient >= transient_end()) return kept;
  const WindowEntry* transient = &transient_[place.transient - transient_begin_];
  return kept == nullptr || transient->arrival < kept->arrival ? transient : kept;
}

}  // namespace sluice

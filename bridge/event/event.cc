#include "bridge/event/event.h"

#include "bridge/event/frame_view.h"

namespace sluice {
namespace {

size_t BytesOf(const Event& event) {
  size_t bytes = event.topic.capacity() + event.publisher_id.capacity() + event.type.capacity();
  for (const auto& [key, value] : event.attributes) bytes += key.capacity() + value.capacity() + 64;
  return bytes;
}

bool IsOneLine(std::string_view data) {
  return data.find('\n') == std::string_view::npos && data.find('\r') == std::string_view::npos;
}

}  // namespace

StoredEvent::StoredEvent(Event event, EventId id) : event_(std::move(event)), id_(id) {
  static const FrameView kDefaultView;
  id_.end = event_.end_of_stream;
  if (event_.data) data_ = *event_.data;
  default_frame_ = EncodeFrame(*this, kDefaultView, id_.end);
  if (data_ && IsOneLine(*data_)) {
    // One line stands in the frame as it is, at its end: kept once, not twice.
    const std::string_view block = default_frame_.plain();
    data_ = block.substr(block.size() - 2 - data_->size(), data_->size());
    event_.data.reset();
  }
  bytes_ = sizeof(StoredEvent) + BytesOf(event_) + default_frame_.chunked().size() +
           (event_.data ? event_.data->size() : 0);
}

}  // namespace sluice

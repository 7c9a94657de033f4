#include "bridge/event/frame_view.h"

#include <array>

namespace sluice {
namespace {

const FrameRule* RuleFor(const FrameView& view, std::string_view type) {
  for (const FrameRule& rule : view.rules) {
    if (rule.type == type) return &rule;
  }
  return nullptr;
}

}  // namespace

SseFrame EncodeFrame(const StoredEvent& stored, const FrameView& view, bool end) {
  const Event& event = stored.event();
  const FrameRule* rule = RuleFor(view, event.type);
  SseFields fields;
  if (view.event_line) fields.event = rule && rule->event ? *rule->event : event.type;

  std::array<char, kEventIdBytesMax> id;
  const bool publishers = view.ids == IdLine::kPublisher && !event.publisher_id.empty();
  if (view.ids == IdLine::kOff || event.transient) {
    // No place to come back to.
  } else if (publishers && !end) {
    fields.id = event.publisher_id;
  } else {
    // (Only an id of ours can say that the stream has ended.)
    const EventId wire{stored.id().epoch, stored.id().offset, end};
    fields.id = {id.data(), WriteEventId(wire, id.data())};
  }
  if (view.retry_line) fields.retry_ms = event.retry_ms;
  fields.data = rule && rule->data ? std::optional<std::string_view>(*rule->data) : stored.data();
  return SseFrame(fields);
}

}  // namespace sluice

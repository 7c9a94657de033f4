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

// `data`: the payload.
SseFrame Encode(const Event& event, std::optional<std::string_view> data, std::string_view id,
                const FrameView& view) {
  const FrameRule* rule = RuleFor(view, event.type);
  SseFields fields;
  if (view.event_line) fields.event = rule && rule->event ? *rule->event : event.type;
  if (view.ids != IdLine::kOff) fields.id = id;
  if (view.retry_line) fields.retry_ms = event.retry_ms;
  fields.data = rule && rule->data ? std::optional<std::string_view>(*rule->data) : data;
  return SseFrame(fields);
}

}  // namespace

SseFrame EncodeFrame(const StoredEvent& stored, const FrameView& view, bool end) {
  const Event& event = stored.event();
  if (event.transient) return Encode(event, stored.data(), {}, view);  // no place to come back to
  if (view.ids == IdLine::kPublisher && !event.publisher_id.empty() && !end) {
    return Encode(event, stored.data(), event.publisher_id, view);
  }
  // (Only an id of ours can say that the stream has ended.)
  std::array<char, kEventIdBytesMax> id;
  const EventId wire{stored.id().epoch, stored.id().offset, end};
  return Encode(event, stored.data(), {id.data(), WriteEventId(wire, id.data())}, view);
}

SseFrame EncodeFrame(const Event& event, std::string_view id, const FrameView& view) {
  const std::optional<std::string_view> data =
      event.data ? std::optional<std::string_view>(*event.data) : std::nullopt;
  return Encode(event, data, id, view);
}

}  // namespace sluice

// A view: what a route makes of events, and what an authorizer left of them. Every
// event is encoded at most once for each view on each shard; the default view's frame
// comes with the event.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bridge/event/event.h"
#include "bridge/event/field_masks.h"
#include "bridge/event/frame_template.h"

namespace sluice {

enum class IdLine { kLog, kPublisher, kOff };

// What events of one type look like instead.
struct FrameRule {
  std::string type;                  // kEveryType: those that have no rule of their own
  std::optional<std::string> event;  // instead of the type
  // Instead of the payload, one of:
  std::optional<std::string> data;    // this
  std::optional<FrameTemplate> json;  // what it makes of the payload
  std::string type_key;               // the payload, an object, with the type under this key first
};
inline constexpr std::string_view kEveryType = "*";

struct FrameView {
  IdLine ids = IdLine::kLog;
  bool event_line = true;
  bool retry_line = true;
  std::vector<FrameRule> rules;
  // Laid over payloads before the rules see them. By the event's own type, whatever the
  // rules call it; text that would be masked becomes {}.
  FieldMasksPtr masks = nullptr;

  bool IsDefault() const {
    return ids == IdLine::kLog && event_line && retry_line && rules.empty() && masks == nullptr;
  }
};

// The rule for events of this type; null: they are sent as they are.
const FrameRule* RuleFor(const FrameView& view, std::string_view type);

// Never changed once built; compared by address.
using FrameViewPtr = std::shared_ptr<const FrameView>;

// `end`: whether the id tells the client that its stream has ended here.
SseFrame EncodeFrame(const StoredEvent& stored, const FrameView& view, bool end);
// Of an event that no log holds (what a call answers). `id` is sent unless the view
// has ids off; empty: no `id:` line.
SseFrame EncodeFrame(const Event& event, std::string_view id, const FrameView& view);

}  // namespace sluice

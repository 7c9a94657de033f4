// A view: what a route makes of events. Every event is encoded at most once
// for each view on each shard; the default view's frame comes with the event.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bridge/event/event.h"

namespace sluice {

enum class IdLine { kLog, kPublisher, kOff };

// What events of one type look like instead.
struct FrameRule {
  std::string type;
  std::optional<std::string> event;  // instead of the type
  std::optional<std::string> data;   // instead of the payload
};

struct FrameView {
  IdLine ids = IdLine::kLog;
  bool event_line = true;
  bool retry_line = true;
  std::vector<FrameRule> rules;

  bool IsDefault() const {
    return ids == IdLine::kLog && event_line && retry_line && rules.empty();
  }
};

// Never changed once built; compared by address.
using FrameViewPtr = std::shared_ptr<const FrameView>;

// `end`: whether the id tells the client that its stream has ended here.
SseFrame EncodeFrame(const StoredEvent& stored, const FrameView& view, bool end);
// Of an event that no log holds (what a call answers). `id` is sent unless the view
// has ids off; empty: no `id:` line.
SseFrame EncodeFrame(const Event& event, std::string_view id, const FrameView& view);

}  // namespace sluice

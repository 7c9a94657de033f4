// What a subscriber is told where the log has let go of events that it has not seen.
#pragma once

#include <memory>
#include <string>

#include "bridge/event/event_id.h"
#include "bridge/event/frame_view.h"
#include "bridge/event/sse_frame.h"

namespace sluice {

// Events of `topic` after `requested` and up to `resumed` are lost to the subscriber.
struct Gap {
  std::string topic;
  std::string requested;  // an id; not ours when the client's was not
  EventId resumed;
  FramePtr frame;

  // Where the client has to come back from what it had before.
  void LeaveOutId();
};

// Null view: the default view.
std::unique_ptr<Gap> EncodeGap(std::string topic, std::string requested, EventId resumed,
                               const FrameView* view);

}  // namespace sluice

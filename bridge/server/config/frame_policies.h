// The parts of a route that decide what its frames look like: connect event,
// heartbeat and view.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "bridge/event/frame_view.h"
#include "bridge/route/route.h"
#include "bridge/server/config/findings.h"

namespace google::protobuf {
class Duration;
}  // namespace google::protobuf
namespace sluice::config::v1 {
class Connect;
class Frames;
class Heartbeat;
}  // namespace sluice::config::v1

namespace sluice {

// What an `event:` line can hold; empty is as good.
void CheckEventType(const std::string& type, const std::string& path, Findings* findings);

// What is wrong in one of them, `path` being where it was written.
void CheckConnect(const config::v1::Connect& connect, const std::string& path, Findings* findings);
void CheckHeartbeat(const config::v1::Heartbeat& heartbeat, const std::string& path,
                    Findings* findings);
void CheckFrames(const config::v1::Frames& frames, const std::string& path, Findings* findings);
void CheckRetry(const google::protobuf::Duration& retry, const std::string& path,
                Findings* findings);

ConnectPolicy MakeConnect(const config::v1::Connect& connect);

// Makes each distinct policy and view once: streams share frames by them.
class FramePolicies {
 public:
  std::shared_ptr<const HeartbeatPolicy> Heartbeat(const config::v1::Heartbeat& heartbeat);
  // Null: the default view.
  FrameViewPtr View(const config::v1::Frames& frames);

 private:
  std::vector<std::shared_ptr<const HeartbeatPolicy>> heartbeats_;
  std::vector<FrameViewPtr> views_;
};

}  // namespace sluice

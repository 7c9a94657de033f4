// A server that tells every subscriber of a topic every event: the bridge, or
// the bare loop that it is measured against.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "bench/process/server_process.h"

namespace sluice::bench {

inline constexpr std::string_view kTopic = "bench/broadcast";
inline constexpr std::string_view kEventType = "tick";

class Broadcaster {
 public:
  virtual ~Broadcaster() = default;
  virtual std::string_view name() const = 0;
  virtual const ServerProcess& process() const = 0;
  virtual uint16_t port() const = 0;
  // One request; returns when the server has it. One thread at a time.
  virtual void Publish(std::span<const std::string> payloads) = 0;
};

std::unique_ptr<Broadcaster> StartBridge(const std::string& program, int core);
std::unique_ptr<Broadcaster> StartBareLoop(const std::string& program, int core);

}  // namespace sluice::bench

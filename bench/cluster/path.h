// A way of an event from who publishes it to who receives it, on another connection and,
// where there are several, at another server.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "bench/process/nats_servers.h"

namespace sluice::bench {

class Path {
 public:
  virtual ~Path() = default;
  virtual const std::string& name() const = 0;
  // Returns when whoever takes it has promised to keep it, where somebody does. One thread.
  virtual void Publish(uint32_t number) = 0;
  // Waits for the next event, and answers its number. One thread, which may be another.
  virtual uint32_t Receive() = 0;
};

// Plain publish and subscribe: nothing is kept.
std::unique_ptr<Path> BareNats(const NatsServers& servers);
// Published to a stream and acknowledged; received from a consumer of it.
std::unique_ptr<Path> BareJetStream(const NatsServers& servers);
// Published to one bridge and received from another, which share a stream.
std::unique_ptr<Path> TwoBridges(const std::string& program, const NatsServers& servers);
// Published to and received from the same bridge, which keeps its events in memory.
std::unique_ptr<Path> OneBridge(const std::string& program);

}  // namespace sluice::bench

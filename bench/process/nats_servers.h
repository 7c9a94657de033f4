// Real nats-servers with JetStream, one or a cluster of three, at ports of this machine that
// were free. Their store goes with them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "bench/process/server_process.h"

namespace sluice::bench {

class NatsServers {
 public:
  // Whether there is one to start: in PATH, or where packages put it.
  static bool Installed();

  // In `folder`, which is emptied. Returns when they listen; a cluster elects its leader later.
  NatsServers(int count, std::filesystem::path folder);
  ~NatsServers();
  NatsServers(const NatsServers&) = delete;
  NatsServers& operator=(const NatsServers&) = delete;

  // "nats://127.0.0.1:4222", of each.
  const std::vector<std::string>& addresses() const { return addresses_; }
  int count() const { return static_cast<int>(processes_.size()); }
  // Of all together.
  int64_t AnonymousBytes() const;
  absl::Duration CpuTime() const;

 private:
  const std::filesystem::path folder_;
  std::vector<std::string> addresses_;
  std::vector<std::unique_ptr<ServerProcess>> processes_;
};

}  // namespace sluice::bench

// The bridge, started with a configuration of its own at ports that were free, and a
// publisher that is connected to it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "bench/process/server_process.h"
#include "sluice/v1/publisher.grpc.pb.h"

namespace sluice::bench {

class BridgeProcess {
 public:
  // `configuration`: YAML, without addresses. Returns when it is ready.
  BridgeProcess(const std::string& program, std::string_view configuration,
                std::optional<int> core = {});

  uint16_t port() const { return port_; }
  const ServerProcess& process() const { return process_; }
  // Returns when the bridge has the events.
  void Publish(const v1::PublishRequest& request);

 private:
  // Deleted with the bridge.
  class ConfigFile {
   public:
    explicit ConfigFile(std::string_view configuration);
    ~ConfigFile();
    ConfigFile(const ConfigFile&) = delete;
    ConfigFile& operator=(const ConfigFile&) = delete;
    std::string path() const { return path_; }

   private:
    char path_[32] = "/tmp/sluice-bench-XXXXXX";
  };

  void AwaitReady() const;

  const ConfigFile config_;
  const uint16_t port_;
  const std::string grpc_;
  ServerProcess process_;
  std::unique_ptr<v1::Publisher::Stub> publisher_;
};

}  // namespace sluice::bench

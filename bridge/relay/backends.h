// The services the bridge calls, one channel to each.
#pragma once

#include <grpcpp/channel.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bridge/relay/relay.h"

namespace sluice {

struct Backend {
  explicit Backend(BackendOptions backend_options);

  const BackendOptions options;
  const std::shared_ptr<grpc::Channel> channel;
};

// Immutable; thread-safe.
class Backends {
 public:
  explicit Backends(std::vector<BackendOptions> options);

  // Null: none has this name.
  Backend* Find(std::string_view name) const;
  const std::vector<std::unique_ptr<Backend>>& all() const { return all_; }

 private:
  std::vector<std::unique_ptr<Backend>> all_;
};

}  // namespace sluice

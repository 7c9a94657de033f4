// Looks after the descriptor set files: what changes is read again within a second
// or so.
#pragma once

#include <functional>
#include <memory>
#include <thread>

#include "absl/time/time.h"
#include "bridge/schema/schema_registry.h"

namespace sluice {

class SchemaWatch {
 public:
  // Looks twice before it believes that a file is whole. `looked` is called each time it
  // has looked, on its thread.
  explicit SchemaWatch(std::shared_ptr<SchemaRegistry> registry,
                       std::function<void()> looked = nullptr,
                       absl::Duration interval = absl::Milliseconds(500));
  // Ends it, waiting for what is being read.
  ~SchemaWatch() = default;

 private:
  std::jthread thread_;
};

}  // namespace sluice

// What the backends say of their own message types, by reflection: offered to the
// registry once each has answered, and again when an unknown type is looked for.
//
// One thread for each backend that has reflection, so that one that hangs keeps
// nobody else waiting.
#pragma once

#include <memory>

#include "absl/time/time.h"
#include "bridge/relay/backends.h"
#include "bridge/relay/reflection_client.h"
#include "bridge/schema/schema_registry.h"

namespace sluice {

struct BackendSchemasOptions {
  ReflectionLimits limits;
  absl::Duration deadline = absl::Seconds(5);  // of all that one look takes
  absl::Duration backoff_min = absl::Milliseconds(200);
  absl::Duration backoff_max = absl::Seconds(2);
};

class BackendSchemas {
 public:
  // Both outlive it.
  BackendSchemas(const Backends& backends, SchemaRegistry& registry,
                 BackendSchemasOptions options = {});
  ~BackendSchemas();

  // Asks every backend until it has answered once, and becomes the registry's finder.
  // Does not block.
  void Start();
  // Whoever waits for a type is told that it was not found. Any number of times.
  void Stop();

 private:
  class Follower;
  struct Parts;
  const std::shared_ptr<Parts> parts_;
};

}  // namespace sluice

// The AsyncAPI document as the bridge serves it: made again when the schema has changed,
// by a thread that nobody waits for.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "bridge/base/mutex.h"
#include "bridge/schema/async_api/async_api.h"
#include "bridge/schema/schema_registry.h"

namespace sluice {

// YAML 1.2 of any JSON text, in its order.
std::string YamlOfJson(std::string_view json);

// Thread-safe.
class AsyncApiDocument {
 public:
  AsyncApiDocument(std::shared_ptr<const RouteTable> routes,
                   std::shared_ptr<const SchemaRegistry> schema);

  // Makes it, unless it was made of the current schema already. One thread at a time.
  void Refresh(const AsyncApiInfo& info);

  // As it was last made.
  std::string json() const;
  std::string yaml() const;

 private:
  const std::shared_ptr<const RouteTable> routes_;
  const std::shared_ptr<const SchemaRegistry> schema_;
  SchemaPtr made_of_;  // by Refresh alone
  mutable Mutex mutex_;
  std::string json_ ABSL_GUARDED_BY(mutex_);
  std::string yaml_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace sluice

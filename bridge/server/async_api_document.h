// The AsyncAPI document as the bridge serves it: made again only when the schema has
// changed.
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

  std::shared_ptr<const std::string> Json(const AsyncApiInfo& info);
  std::shared_ptr<const std::string> Yaml(const AsyncApiInfo& info);

 private:
  void Refresh(const AsyncApiInfo& info) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::shared_ptr<const RouteTable> routes_;
  const std::shared_ptr<const SchemaRegistry> schema_;
  Mutex mutex_;
  SchemaPtr made_of_ ABSL_GUARDED_BY(mutex_);
  std::shared_ptr<const std::string> json_ ABSL_GUARDED_BY(mutex_);
  std::shared_ptr<const std::string> yaml_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace sluice

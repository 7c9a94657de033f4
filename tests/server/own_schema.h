// The bridge's own services as a schema, for tests of what names methods.
#pragma once

#include "bridge/schema/schema.h"
#include "sluice/v1/event_source.pb.h"
#include "sluice/v1/publisher.pb.h"
#include "sluice/v1/subscriber.pb.h"

namespace sluice {

inline SchemaPtr OwnSchema() {
  // (The linker takes along only what somebody names.)
  v1::WatchRequest::descriptor();
  v1::PublishRequest::descriptor();
  v1::SubscribeRequest::descriptor();
  return *Schema::Build({}, {});
}

}  // namespace sluice

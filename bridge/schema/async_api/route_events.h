// Which events come on a route, by what configuration and schema say: for the
// AsyncAPI document.
#pragma once

#include <string>
#include <vector>

#include "bridge/route/route.h"
#include "bridge/schema/schema.h"

namespace google::protobuf {
class FieldDescriptor;
}

namespace sluice {

struct RouteEvent {
  std::string type;  // by its schema
  bool end_of_stream = false;
  const google::protobuf::Descriptor* message = nullptr;
  // The field of `message` that alone is the data; null: the message is.
  const google::protobuf::FieldDescriptor* field = nullptr;
};

// By type; of types that come twice the first. What the schema does not know is left
// out.
std::vector<RouteEvent> EventsOf(const Route& route, const Schema& schema);

}  // namespace sluice

// Messages of the sizes and shapes that services publish.
#pragma once

#include <string>
#include <vector>

#include "bridge/schema/schema.h"

namespace sluice::bench {

struct Payload {
  std::string name;
  std::string type;
  std::string bytes;
};

SchemaPtr PayloadSchema();
std::vector<Payload> Payloads(const Schema& schema);

[[noreturn]] void Fail(const std::string& why);

}  // namespace sluice::bench

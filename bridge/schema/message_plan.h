// How the wire bytes of one message type become JSON: worked out once from its
// descriptor, then only followed. Nothing here asks a descriptor again.
//
// Immutable once all plans of a schema are linked; thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bridge/schema/json_options.h"

namespace google::protobuf {
class Descriptor;
}

namespace sluice {

struct MessagePlan;

// Makes the plan of every message type it is asked for and of all that those can
// hold, each once. Plans point to each other: they live as long as the set.
class MessagePlans {
 public:
  // `options` is copied. `Any` types inside are looked up in this set by name.
  explicit MessagePlans(const JsonOptions& options);
  ~MessagePlans();

  // The descriptors outlive the plans.
  const MessagePlan& PlanFor(const google::protobuf::Descriptor& type);
  // Null: none was made. No lock; O(1).
  const MessagePlan* Find(std::string_view full_name) const;

 private:
  class Compiler;
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace sluice

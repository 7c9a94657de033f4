// How the wire bytes of one message type become JSON: worked out once from its
// descriptor, then only followed. Nothing here asks a descriptor again.
//
// Immutable once all plans of a schema are linked; thread-safe.
#pragma once

#include <memory>
#include <string_view>

#include "bridge/schema/json_options.h"

namespace google::protobuf {
class Descriptor;
class DescriptorPool;
}  // namespace google::protobuf

namespace sluice {

struct MessagePlan;

// Makes the plan of every message type it is asked for and of all that those can
// hold, each once. Plans point to each other and to the set: they live as long.
class MessagePlans {
 public:
  // `options` is copied. `extensions`: the pool whose extensions are known; null:
  // none are. It is asked while plans are made.
  explicit MessagePlans(const JsonOptions& options,
                        const google::protobuf::DescriptorPool* extensions = nullptr);
  ~MessagePlans();

  // The descriptors need not outlive the call.
  const MessagePlan& PlanFor(const google::protobuf::Descriptor& type);
  // Null: none was made. No lock; O(1).
  const MessagePlan* Find(std::string_view full_name) const;
  const JsonOptions& options() const;

 private:
  class Compiler;
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace sluice

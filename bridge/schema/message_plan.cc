#include "bridge/schema/message_plan.h"

#include <google/protobuf/descriptor.h>

#include "absl/container/flat_hash_map.h"

namespace sluice {

struct MessagePlan {};

struct MessagePlans::Parts {
  absl::flat_hash_map<std::string, std::unique_ptr<MessagePlan>> plans;
};

MessagePlans::MessagePlans(const JsonOptions&) : parts_(std::make_unique<Parts>()) {}
MessagePlans::~MessagePlans() = default;

const MessagePlan& MessagePlans::PlanFor(const google::protobuf::Descriptor& type) {
  auto& plan = parts_->plans[type.full_name()];
  if (plan == nullptr) plan = std::make_unique<MessagePlan>();
  return *plan;
}

}  // namespace sluice

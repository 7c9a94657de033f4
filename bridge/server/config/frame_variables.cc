#include "bridge/server/config/frame_variables.h"

#include <map>

#include "google/protobuf/descriptor.h"

namespace sluice {

const std::set<std::string>& FrameVariables(const google::protobuf::FieldDescriptor& field) {
  static const std::set<std::string> kNone;
  static const std::map<std::string, std::set<std::string>> kOfFields = {
      {"sluice.config.v1.Connect.data", {"now", "subject", "topics"}},
      // (What streams share has no subject and no topics; that is said where it is checked.)
      {"sluice.config.v1.Heartbeat.data", {"now", "subject", "topics"}},
      {"sluice.config.v1.FrameRule.json", {"data", "data.", "type"}},
      {"sluice.config.v1.EventTemplate.data", {"code", "message", "now"}},
  };
  const auto found = kOfFields.find(field.full_name());
  return found == kOfFields.end() ? kNone : found->second;
}

}  // namespace sluice

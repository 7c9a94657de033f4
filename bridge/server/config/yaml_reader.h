// YAML into a protobuf message, strictly: the keys are the message's field
// names, and whatever does not fit is a finding with its line and path. (The
// forms that values take: proto/sluice/config/v1/config.proto.)
#pragma once

#include <string>

#include "bridge/server/config/findings.h"
#include "bridge/server/config/substitution.h"

namespace google::protobuf {
class Message;
}

namespace sluice {

inline constexpr size_t kYamlBytesMax = 1 << 20;
inline constexpr int kYamlDepthMax = 32;
inline constexpr int kYamlNodesMax = 100'000;  // counted with every use of an alias

// `file` is for the findings. What could be read is in `message` all the same.
void ReadYaml(const std::string& text, const std::string& file, const Environment& environment,
              google::protobuf::Message* message, Findings* findings);

}  // namespace sluice

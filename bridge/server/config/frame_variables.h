// ${names} in the data of frames that the bridge fills in itself, later.
#pragma once

#include <set>
#include <string>

namespace google::protobuf {
class FieldDescriptor;
}

namespace sluice {

// Those that `field` may hold, in the form that Substitute takes them.
const std::set<std::string>& FrameVariables(const google::protobuf::FieldDescriptor& field);

}  // namespace sluice

// Messages that are nested as deep as the JSON in them may be.
#pragma once

#include <string_view>

namespace google::protobuf {
class MessageLite;
namespace io {
class CodedInputStream;
}
}  // namespace google::protobuf

namespace sluice {

// False: the bytes are no message of this type, or one nested too deep.
bool ParseDeepMessage(google::protobuf::io::CodedInputStream* in,
                      google::protobuf::MessageLite* message);
bool ParseDeepMessage(std::string_view bytes, google::protobuf::MessageLite* message);

}  // namespace sluice

#include "bridge/schema/deep_message.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/message_lite.h>

#include <cstdint>

namespace sluice {
namespace {

// JSON in a google.protobuf.Value is three messages deep at each level, and
// limits.json_depth goes up to 500; protobuf's own limit (100) would end it at 33.
constexpr int kMessageDepthMax = 3 * 500 + 16;

}  // namespace

bool ParseDeepMessage(google::protobuf::io::CodedInputStream* in,
                      google::protobuf::MessageLite* message) {
  in->SetRecursionLimit(kMessageDepthMax);
  return message->ParseFromCodedStream(in) && in->ConsumedEntireMessage();
}

bool ParseDeepMessage(std::string_view bytes, google::protobuf::MessageLite* message) {
  google::protobuf::io::CodedInputStream in(reinterpret_cast<const uint8_t*>(bytes.data()),
                                            static_cast<int>(bytes.size()));
  return ParseDeepMessage(&in, message);
}

}  // namespace sluice

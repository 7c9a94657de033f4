// Messages from and to bytes, for methods that are served raw: gRPC ends a whole
// call at bytes that do not parse, or (1.51) hands over half a message.
#pragma once

#include <google/protobuf/io/coded_stream.h>
#include <grpcpp/impl/codegen/proto_utils.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/proto_buffer_reader.h>

#include "bridge/schema/deep_message.h"

namespace sluice {

// False: the bytes are no message of this type, or one nested too deep.
template <typename Message>
bool ParseBytes(grpc::ByteBuffer* bytes, Message* message) {
  grpc::ProtoBufferReader reader(bytes);
  if (!reader.status().ok()) return false;
  google::protobuf::io::CodedInputStream in(&reader);
  return ParseDeepMessage(&in, message);
}

template <typename Message>
grpc::ByteBuffer ToBytes(const Message& message) {
  grpc::ByteBuffer bytes;
  bool own = false;
  // (Fails only past 2 GiB.)
  (void)grpc::SerializationTraits<Message>::Serialize(message, &bytes, &own);
  return bytes;
}

}  // namespace sluice

// Messages from and to bytes, for methods that are served raw: gRPC ends a whole
// call at bytes that do not parse, or (1.51) hands over half a message.
#pragma once

#include <google/protobuf/io/coded_stream.h>
#include <grpcpp/impl/codegen/proto_utils.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/proto_buffer_reader.h>

namespace sluice {

// JSON is three messages deep at each level, and limits.json_depth goes up to
// 500; protobuf's own limit (100) would end it at 33.
inline constexpr int kMessageDepthMax = 3 * 500 + 16;

// False: the bytes are no message of this type, or one nested too deep.
template <typename Message>
bool ParseBytes(grpc::ByteBuffer* bytes, Message* message) {
  grpc::ProtoBufferReader reader(bytes);
  if (!reader.status().ok()) return false;
  google::protobuf::io::CodedInputStream in(&reader);
  in.SetRecursionLimit(kMessageDepthMax);
  return message->ParseFromCodedStream(&in) && in.ConsumedEntireMessage();
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

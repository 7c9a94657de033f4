// What protobuf itself makes of wire bytes.
#pragma once

#include <google/protobuf/message.h>

#include <memory>
#include <string_view>

namespace sluice {

// Null: the bytes are refused. Otherwise a message without unknown fields, and each map
// as a parser of generated code would have it: DynamicMessage keeps every entry it saw.
std::unique_ptr<google::protobuf::Message> ReferenceMessage(
    const google::protobuf::Message& prototype, std::string_view bytes);

}  // namespace sluice

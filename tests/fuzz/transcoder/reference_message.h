// What protobuf itself makes of wire bytes.
#pragma once

#include <google/protobuf/message.h>

#include <cstdint>
#include <memory>
#include <string_view>

namespace sluice {

// Null: the bytes are refused. Otherwise a message without unknown fields, and each map
// as a parser of generated code would have it: DynamicMessage keeps every entry it saw.
std::unique_ptr<google::protobuf::Message> ReferenceMessage(
    const google::protobuf::Message& prototype, std::string_view bytes);

// How many map entries there have been whose value came more than once, both as one that
// its closed enum has and as one that it does not have. The last of them decides, but
// DynamicMessage does not tell which that was.
uint64_t UndecidedEntries();

}  // namespace sluice

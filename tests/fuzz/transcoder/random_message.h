// Messages as no serializer would write them.
#pragma once

#include <google/protobuf/descriptor.h>

#include <string>

#include "tests/fuzz/transcoder/choices.h"

namespace sluice {

// Wire bytes of a `type`: fields in any order, repeated, in pieces that merge, packed
// and not, with unknown ones and wrong wire types between them, numbers in more bytes
// than they need; sometimes corrupted.
// What an Any holds is looked for in `pool`.
std::string RandomMessage(const google::protobuf::DescriptorPool& pool,
                          const google::protobuf::Descriptor& type, Choices& choices);

}  // namespace sluice

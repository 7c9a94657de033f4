// Schemas that nobody would write: every kind of field in every place it may be.
#pragma once

#include <google/protobuf/descriptor.pb.h>

#include <memory>

#include "bridge/schema/json_options.h"
#include "tests/fuzz/transcoder/choices.h"

namespace sluice {

// Three files of proto2 and proto3 ("fuzz0.proto", …), of which later ones use the
// types of those before, and all the well-known types. Protobuf takes each of them.
std::shared_ptr<const google::protobuf::FileDescriptorSet> RandomSchema(Choices& choices);

JsonOptions RandomOptions(const google::protobuf::FileDescriptorSet& files, Choices& choices);

}  // namespace sluice

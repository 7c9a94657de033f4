// What gRPC itself writes, in our log.
#pragma once

#include <string_view>

namespace sluice {

// From here on gRPC's own lines (errors, unless GRPC_VERBOSITY says more) are lines of ours.
// Strangers can make it complain as often as they connect, so one error a second stands for all.
void TakeLogOfGrpc();

// A line of gRPC's without the values of metadata, which are the callers' own: it repeats
// them where it cannot read them ("key=te value=…").
std::string_view WithoutValues(std::string_view line);

}  // namespace sluice

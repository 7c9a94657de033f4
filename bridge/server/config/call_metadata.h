// What goes along with a gRPC call, and where to.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "bridge/server/config/findings.h"
#include "google/protobuf/map.h"
#include "google/protobuf/repeated_ptr_field.h"

namespace sluice {

// "host:port" or "unix:/path".
void CheckCallAddress(const std::string& address, const std::string& path, Findings* findings);

// Sorted by key.
std::vector<std::pair<std::string, std::string>> BuildMetadata(
    const google::protobuf::Map<std::string, std::string>& metadata, const std::string& path,
    Findings* findings);

// Names of request headers that become metadata, each once.
std::vector<std::string> BuildForwardedHeaders(
    const google::protobuf::RepeatedPtrField<std::string>& headers, const std::string& path,
    Findings* findings);

}  // namespace sluice

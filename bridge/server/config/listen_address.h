// "127.0.0.1:8080", "[::1]:8080", "localhost:8080": where to listen.
#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace sluice {

struct ListenAddress {
  std::string text;  // an IP address and a port
  bool loopback = false;
};

// INVALID_ARGUMENT says how to write it.
absl::StatusOr<ListenAddress> ParseListenAddress(const std::string& text);

}  // namespace sluice

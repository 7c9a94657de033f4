// JetStream's errors: which of them pass by themselves, and which stay until somebody changes
// something. The codes are those of nats-server's errors.json.
#pragma once

#include <cstdint>
#include <string_view>

#include "absl/status/status.h"

namespace sluice {

// `code` is like that of HTTP, `error_code` JetStream's own (0: none).
//   NOT_FOUND            there is no such stream, consumer or message
//   UNAVAILABLE          it passes: ask again
//   RESOURCE_EXHAUSTED   the message is too large for the stream
//   FAILED_PRECONDITION  it stays: the configuration, the stream or the account is in the way
absl::Status StatusOfApiError(uint64_t code, uint64_t error_code, std::string_view description);

}  // namespace sluice

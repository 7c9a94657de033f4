#include "bridge/event_log/jetstream/api_error.h"

#include <algorithm>
#include <array>
#include <string>

#include "absl/strings/str_cat.h"
#include "bridge/base/text.h"

namespace sluice {
namespace {

// Refusals by their `code`, though they pass.
constexpr std::array<uint64_t, 9> kPasses = {
    10002,  // resource limits exceeded for account: old messages go
    10005,  // no suitable peers for placement: servers are starting
    10026,  // maximum consumers limit reached: others go
    10058,  // stream name already in use: another bridge has just made it
    10123,  // can not move and scale a stream in a single update
    10124,  // stream move already in progress
    10158,  // duplicate message id is in process
    10167,  // too many requests
    10202,  // cluster member change is in progress
};

// Failures of the server by their `code`, though no waiting helps.
constexpr std::array<uint64_t, 6> kStays = {
    10010,  // JetStream clustering support required
    10035,  // account not found
    10036,  // not currently supported in clustered mode
    10039,  // JetStream not enabled for account
    10052,  // the stream's configuration is not valid
    10074,  // replicas > 1 not supported in non-clustered mode
};

constexpr uint64_t kMessageTooLarge = 10054;

template <size_t kSize>
bool Has(const std::array<uint64_t, kSize>& codes, uint64_t code) {
  return std::find(codes.begin(), codes.end(), code) != codes.end();
}

}  // namespace

absl::Status StatusOfApiError(uint64_t code, uint64_t error_code, std::string_view description) {
  const std::string text = absl::StrCat("NATS: ", AsAbsl(description), " (", error_code, ")");
  if (code == 404) return absl::NotFoundError(text);
  if (error_code == kMessageTooLarge) return absl::ResourceExhaustedError(text);
  if (Has(kPasses, error_code)) return absl::UnavailableError(text);
  if (Has(kStays, error_code)) return absl::FailedPreconditionError(text);
  // (What says nothing is no refusal.)
  if (code >= 500 || code == 429 || code == 0) return absl::UnavailableError(text);
  return absl::FailedPreconditionError(text);
}

}  // namespace sluice

// One GET by HTTP or HTTPS, bounded in time and size. Goes nowhere but to the address:
// no redirects, no proxies, certificates checked against the machine's authorities, or others.
#pragma once

#include <cstddef>
#include <stop_token>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace sluice {

struct FetchOptions {
  std::string url;
  std::string ca_file = "";  // PEM; empty: the machine's authorities
  size_t bytes_max = 256 * 1024;
  absl::Duration timeout = absl::Seconds(10);
};

// INVALID_ARGUMENT: not "http://" or "https://" with a host, or with a user in it.
absl::Status CheckFetchUrl(const std::string& url);
// Whether it is plain HTTP to a host that is not this one, where others may listen.
bool IsOpenToOthers(const std::string& url);

// The body of a 200. Blocks; ends early when `stop` is requested.
absl::StatusOr<std::string> Fetch(const FetchOptions& options, const std::stop_token& stop);

}  // namespace sluice

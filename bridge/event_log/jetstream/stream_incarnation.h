// Since when the ids of a stream mean what they mean: its creation, or the moment that its
// description names, because it has lost messages since.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/time/time.h"

namespace sluice {

// Of a STREAM.INFO. The infinite past: the description names none.
absl::Time DescribedIncarnation(std::string_view answer);

// How many servers keep the stream.
int64_t ReplicasOf(std::string_view answer);

// A STREAM.UPDATE that changes nothing but the description.
std::string NewIncarnationRequest(std::string_view answer, absl::Time now);

}  // namespace sluice

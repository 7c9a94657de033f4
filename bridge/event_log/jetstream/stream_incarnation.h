// Since when the ids of a stream mean what they mean: the moment that its description names.
// That is its creation, until it has lost messages. (What a server says of the creation may be
// another moment after the next start, where two bridges have made the stream at once.)
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/time/time.h"

namespace sluice {

// Of a STREAM.INFO. The infinite past: the description names none.
absl::Time DescribedIncarnation(std::string_view answer);

bool HasNoDescription(std::string_view answer);

// How many servers keep the stream.
int64_t ReplicasOf(std::string_view answer);

// A STREAM.UPDATE that changes nothing but the description.
std::string IncarnationRequest(std::string_view answer, absl::Time begins);

}  // namespace sluice

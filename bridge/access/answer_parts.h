// Parts of authorizers' answers, taken with care.
#pragma once

#include <string>
#include <string_view>

#include "bridge/access/authorizer.h"

namespace sluice {

inline constexpr size_t kSubjectBytesMax = 256;

// What an answer that cannot be understood makes.
Decision NoDecision(std::string_view why);

// It goes to clients and into the log: on one line, and not long.
std::string ReasonFrom(std::string_view text);

// Whether it may be a subject.
bool IsSubject(std::string_view text);

}  // namespace sluice

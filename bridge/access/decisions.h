// Decisions about one question, put together.
#pragma once

#include <string>
#include <vector>

#include "bridge/access/authorizer.h"

namespace sluice {

Decision Denial(Decision::Verdict verdict, std::string reason);

// What is allowed where both allow it. Each narrows what the other left; where nothing is left,
// or they disagree on who "{subject}" is, it is kForbidden.
Decision AllowedByBoth(Decision first, Decision then, const AuthorizationRequest& question);

// Whether "{subject}" stands in one of them.
bool NamesSubject(const std::vector<std::string>& topics);

}  // namespace sluice

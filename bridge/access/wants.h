// What authorizers want to know, put together and taken apart.
#pragma once

#include "bridge/access/authorizer.h"

namespace sluice {

// What one of them wants to know.
Wants Either(const Wants& one, const Wants& other);

// The question as somebody with these wants may see it.
AuthorizationRequest ToldTo(const Wants& wants, const AuthorizationRequest& request);

}  // namespace sluice

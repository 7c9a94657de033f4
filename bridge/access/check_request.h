// A question in the form that Envoy's external authorization has.
#pragma once

#include <map>
#include <string>

#include "absl/time/time.h"
#include "bridge/access/authorizer.h"
#include "envoy/service/auth/v3/external_auth.pb.h"

namespace sluice {

using ContextExtensions = std::map<std::string, std::string>;

envoy::service::auth::v3::CheckRequest ToCheckRequest(const AuthorizationRequest& request,
                                                      const ContextExtensions& extensions,
                                                      absl::Time now);

}  // namespace sluice

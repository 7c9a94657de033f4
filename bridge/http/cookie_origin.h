// Whether a request's cookies speak for whoever made it. A browser sends them along
// whatever page makes the request; only pages of this host, and of origins that the
// configuration names, may read streams by them.
#pragma once

#include "absl/status/status.h"
#include "bridge/http/cors.h"
#include "bridge/http/request_head.h"

namespace sluice {

// `secure`: the request came over https. PERMISSION_DENIED says why its cookies are none.
absl::Status CheckCookieOrigin(const RequestHead& head, const Cors& cors, bool secure);

}  // namespace sluice

// What a server of Envoy's external authorization answered, taken with care: whatever
// does not make a whole decision is none.
//
// It may narrow what it allows by `dynamic_metadata`, under the key "sluice":
//   subject                 string
//   expires_at              RFC 3339, or seconds since 1970
//   credential_expires_at   the same
//   attributes              object of strings
//   event_types             list of strings, not empty
//   field_masks             object: of each event type, the list of paths that are left
// Another key there is an error: it may have been meant to narrow something.
#pragma once

#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "bridge/access/authorizer.h"

namespace envoy::service::auth::v3 {
class CheckResponse;
}

namespace sluice {

// `subject_header`: in lower case.
Decision DecisionFromCheck(const envoy::service::auth::v3::CheckResponse& answer,
                           std::string_view subject_header, absl::Time now);

}  // namespace sluice

// Who is asked: the authorizers that there are, and by which names they are asked.
#pragma once

#include <string>

#include "bridge/server/authorizers.h"
#include "bridge/server/config/findings.h"
#include "google/protobuf/repeated_ptr_field.h"

namespace sluice::config::v1 {
class Config;
}

namespace sluice {

// `dev`: whoever is asked allows everything. `folder` is that of the configuration file.
AuthorizersOptions BuildAuthorizers(const config::v1::Config& config, const std::string& folder,
                                    bool dev, Findings* findings);

// By which name those in a list, who must all allow it, are found in the options. Of
// none: the default one's.
std::string AuthorizerName(const google::protobuf::RepeatedPtrField<std::string>& names);

}  // namespace sluice

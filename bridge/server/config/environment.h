// SLUICE_* variables: http.listen is SLUICE_HTTP_LISTEN.
#pragma once

#include "bridge/server/config/findings.h"
#include "bridge/server/config/substitution.h"

namespace google::protobuf {
class Message;
}

namespace sluice {

// The process's own.
Environment ProcessEnvironment();

// Overrides the fields of `message` that have a variable: every scalar and list
// of strings that no list or map is around. An empty variable counts as unset. A
// variable that fits nothing is only a warning, because Kubernetes sets such for
// every service it knows.
void ApplyEnvironment(const Environment& environment, google::protobuf::Message* message,
                      Findings* findings);

}  // namespace sluice

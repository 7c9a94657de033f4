// How NATS is reached, as it is configured: the same keys wherever it is.
#pragma once

#include <string>

#include "bridge/nats/nats_options.h"
#include "bridge/server/config/findings.h"

namespace sluice::config::v1 {
class JetstreamEventLog;
class Nats;
}  // namespace sluice::config::v1

namespace sluice {

// Files are looked for in `folder`; `path` is where the keys are, and ends in a dot.
void SetNats(const config::v1::Nats& message, const std::string& folder, const std::string& path,
             NatsOptions* nats, Findings* findings);
void SetNats(const config::v1::JetstreamEventLog& message, const std::string& folder,
             const std::string& path, NatsOptions* nats, Findings* findings);

}  // namespace sluice

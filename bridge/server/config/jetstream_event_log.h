// The event log in NATS JetStream, as it is configured.
#pragma once

#include <string>

#include "bridge/event_log/jetstream/jetstream_options.h"
#include "bridge/server/config/findings.h"

namespace sluice::config::v1 {
class JetstreamEventLog;
}

namespace sluice {

// Files are looked for in `folder`.
JetStreamEventLogOptions BuildJetStream(const config::v1::JetstreamEventLog& jetstream,
                                        const std::string& folder, Findings* findings);

}  // namespace sluice

// The connections that the bridge opens over gRPC, to authorizers and backends.
#pragma once

#include <grpcpp/channel.h>
#include <grpcpp/support/channel_arguments.h>

#include <memory>
#include <optional>
#include <string>

#include "bridge/access/client_tls_options.h"

namespace sluice {

// One of its own, which is opened again within a second, and takes no compressed answers. Without
// `tls`: plain text. The arguments say the rest: how much an answer may hold, and when the peer is
// pinged. Does not connect; null where it cannot be opened.
std::shared_ptr<grpc::Channel> OpenClientChannel(const std::string& address,
                                                 const std::optional<ClientTlsOptions>& tls,
                                                 grpc::ChannelArguments arguments);

// For calls that may have nothing to say for long: a peer that vanished without a word is
// noticed in the end.
void PingWhileSilent(grpc::ChannelArguments* arguments);

}  // namespace sluice

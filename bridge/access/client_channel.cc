#include "bridge/access/client_channel.h"

#include <grpc/compression.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>

namespace sluice {
namespace {

constexpr int kReconnectMsInitial = 100;
constexpr int kReconnectMsMax = 1000;
// Servers with gRPC's defaults hang up on whoever pings more often than every five
// minutes while they have nothing to say.
constexpr int kKeepaliveMs = 310'000;
constexpr int kKeepaliveTimeoutMs = 20'000;

std::shared_ptr<grpc::ChannelCredentials> Credentials(const std::optional<ClientTlsOptions>& tls) {
  return tls ? grpc::SslCredentials({tls->ca, tls->key, tls->certificate})
             : grpc::InsecureChannelCredentials();
}

}  // namespace

std::shared_ptr<grpc::Channel> OpenClientChannel(const std::string& address,
                                                 const std::optional<ClientTlsOptions>& tls,
                                                 grpc::ChannelArguments arguments) {
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, kReconnectMsInitial);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, kReconnectMsMax);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, kReconnectMsMax);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  // gRPC inflates an answer whole before it looks at its bound, a thousand times over: what is
  // compressed is not inflated at all, and ends its call.
  arguments.SetInt(GRPC_ARG_ENABLE_PER_MESSAGE_DECOMPRESSION, 0);
  arguments.SetInt(GRPC_COMPRESSION_CHANNEL_ENABLED_ALGORITHMS_BITSET, 1 << GRPC_COMPRESS_NONE);
  if (tls && !tls->server_name.empty()) {
    arguments.SetString(GRPC_SSL_TARGET_NAME_OVERRIDE_ARG, tls->server_name);
  }
  return grpc::CreateCustomChannel(address, Credentials(tls), arguments);
}

void PingWhileSilent(grpc::ChannelArguments* arguments) {
  arguments->SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMs);
  arguments->SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMs);
  // (By default gRPC pings twice, then waits to have something to send: a stream's reader
  // never has.)
  arguments->SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
}

}  // namespace sluice

#include "bridge/relay/backends.h"

#include <grpcpp/grpcpp.h>

#include <utility>

#include "bridge/access/client_tls.h"

namespace sluice {
namespace {

constexpr int kReconnectMsInitial = 100;
constexpr int kReconnectMsMax = 1000;
// Servers with gRPC's defaults hang up on whoever pings more often than every five
// minutes while they have nothing to say.
constexpr int kKeepaliveMs = 310'000;
constexpr int kKeepaliveTimeoutMs = 20'000;
// What a call that nobody reads may hold.
constexpr int kStreamWindowBytes = 64 * 1024;

std::shared_ptr<grpc::Channel> OpenChannel(const BackendOptions& options) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, kReconnectMsInitial);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, kReconnectMsMax);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, kReconnectMsMax);
  // A backend that vanished without a word is noticed in the end. (By default gRPC
  // pings twice, then waits to have something to send: a stream's reader never has.)
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMs);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMs);
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  // A probe would widen the window to megabytes for each call, because the loopback
  // and a data centre are fast; readers are not.
  arguments.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);
  arguments.SetInt(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, kStreamWindowBytes);
  arguments.SetMaxReceiveMessageSize(static_cast<int>(options.response_bytes_max));
  const auto credentials = MakeClientCredentials(options.tls, &arguments);
  return grpc::CreateCustomChannel(options.address, credentials, arguments);
}

}  // namespace

Backend::Backend(BackendOptions backend_options)
    : options(std::move(backend_options)), channel(OpenChannel(options)) {}

Backends::Backends(std::vector<BackendOptions> options) {
  all_.reserve(options.size());
  for (BackendOptions& backend : options) {
    all_.push_back(std::make_unique<Backend>(std::move(backend)));
  }
}

Backend* Backends::Find(std::string_view name) const {
  for (const std::unique_ptr<Backend>& backend : all_) {
    if (backend->options.name == name) return backend.get();
  }
  return nullptr;
}

}  // namespace sluice

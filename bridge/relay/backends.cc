#include "bridge/relay/backends.h"

#include <grpcpp/grpcpp.h>

#include <utility>

#include "bridge/access/client_channel.h"

namespace sluice {
namespace {

// What a call that nobody reads may hold.
constexpr int kStreamWindowBytes = 64 * 1024;

std::shared_ptr<grpc::Channel> OpenChannel(const BackendOptions& options) {
  grpc::ChannelArguments arguments;
  PingWhileSilent(&arguments);
  // A probe would widen the window to megabytes for each call, because the loopback
  // and a data centre are fast; readers are not.
  arguments.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);
  arguments.SetInt(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, kStreamWindowBytes);
  arguments.SetMaxReceiveMessageSize(static_cast<int>(options.response_bytes_max));
  return OpenClientChannel(options.address, options.tls, std::move(arguments));
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

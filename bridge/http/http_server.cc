#include "bridge/http/http_server.h"

#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "boost/asio/ip/tcp.hpp"
#include "bridge/http/http_services.h"
#include "bridge/http/listener.h"
#include "bridge/hub/hub.h"

namespace sluice {
namespace {

using boost::system::error_code;
using Listeners = std::vector<std::shared_ptr<Listener>>;

// "127.0.0.1:8080", "[::1]:8080", "localhost:8080".
absl::StatusOr<Listener::Endpoint> ParseEndpoint(const std::string& text) {
  const size_t colon = text.rfind(':');
  std::string host = text.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  }
  uint32_t port = 0;
  if (colon == std::string::npos || host.empty() ||
      !absl::SimpleAtoi(text.substr(colon + 1), &port) || port > 65535) {
    return absl::InvalidArgumentError(absl::StrCat("'", text, "' is not \"address:port\""));
  }
  boost::asio::io_context context;
  boost::asio::ip::tcp::resolver resolver(context);
  error_code error;
  const auto found = resolver.resolve(host, "", boost::asio::ip::tcp::resolver::passive, error);
  if (error || found.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("'", text, "': no such address: ", error.message()));
  }
  return Listener::Endpoint(found.begin()->endpoint().address(), static_cast<uint16_t>(port));
}

std::string Show(const Listener::Endpoint& endpoint) {
  const std::string address = endpoint.address().to_string();
  return endpoint.address().is_v6() ? absl::StrCat("[", address, "]:", endpoint.port())
                                    : absl::StrCat(address, ":", endpoint.port());
}

void Stop(Listeners& listeners) {
  for (auto& listener : std::exchange(listeners, {})) Listener::Stop(std::move(listener));
}

}  // namespace

struct HttpServer::Parts {
  Parts(HttpOptions options, HttpContext context)
      : services(std::make_shared<HttpServices>(std::move(options), std::move(context))) {}

  absl::Status LoadTls() {
    const auto load = [](const char* setting, const std::optional<ServerTlsOptions>& tls,
                         std::unique_ptr<TlsContext>& context) {
      if (!tls) return absl::OkStatus();
      auto loaded = TlsContext::Load(setting, *tls);
      if (!loaded.ok()) return loaded.status();
      context = *std::move(loaded);
      return absl::OkStatus();
    };
    absl::Status status = load("http.tls", services->options.tls, services->tls);
    if (status.ok()) status = load("http.ops_tls", services->options.ops_tls, services->ops_tls);
    return status;
  }

  // A listener on each of the first `shards`; answers the real address.
  absl::StatusOr<std::string> Listen(const std::string& where, Surface surface, size_t shards,
                                     Listeners& added) {
    auto endpoint = ParseEndpoint(where);
    if (!endpoint.ok()) return endpoint.status();
    for (size_t i = 0; i < shards; ++i) {
      auto listener =
          std::make_shared<Listener>(services, services->context.hub->shard(i), surface);
      if (i == 0) {
        endpoint = listener->ListenFirst(*endpoint);
        if (!endpoint.ok()) return endpoint.status();
      } else if (absl::Status status = listener->ListenToo(*endpoint); !status.ok()) {
        return status;
      }
      added.push_back(std::move(listener));
    }
    return Show(*endpoint);
  }

  const std::shared_ptr<HttpServices> services;
  Listeners listeners;
  Listeners ops_listeners;  // of an address of their own
  std::string address;
  std::string ops_address;
};

HttpServer::HttpServer(HttpOptions options, HttpContext context)
    : parts_(std::make_unique<Parts>(std::move(options), std::move(context))) {}

HttpServer::~HttpServer() {
  StopAccepting();
  Stop(parts_->ops_listeners);
}

absl::Status HttpServer::Listen() {
  const HttpOptions& options = parts_->services->options;
  const size_t shards = parts_->services->context.hub->size();
  if (absl::Status status = parts_->LoadTls(); !status.ok()) return status;
  const bool apart = !options.ops_listen.empty();
  auto address = parts_->Listen(options.listen, apart ? Surface::kPublic : Surface::kBoth, shards,
                                parts_->listeners);
  if (!address.ok()) return address.status();
  parts_->address = *std::move(address);
  if (apart) {
    auto ops_address = parts_->Listen(options.ops_listen, Surface::kOps, 1, parts_->ops_listeners);
    if (!ops_address.ok()) return ops_address.status();
    parts_->ops_address = *std::move(ops_address);
  }
  for (const auto& listener : parts_->listeners) listener->Start();
  for (const auto& listener : parts_->ops_listeners) listener->Start();
  return absl::OkStatus();
}

std::string HttpServer::address() const { return parts_->address; }
std::string HttpServer::ops_address() const { return parts_->ops_address; }

uint32_t HttpServer::connections() const { return parts_->services->connections.taken(); }

void HttpServer::StopAccepting() {
  parts_->services->draining = true;
  Stop(parts_->listeners);
}

}  // namespace sluice

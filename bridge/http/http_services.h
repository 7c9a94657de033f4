// What every request is answered with. Shared, because what runs on the hub's
// shards may outlive the server.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "bridge/access/shared_questions.h"
#include "bridge/base/certificate_validity.h"
#include "bridge/http/client_address.h"
#include "bridge/http/cors.h"
#include "bridge/http/http_server.h"
#include "bridge/http/session_bound.h"
#include "bridge/http/session_rate.h"
#include "bridge/http/tls_context.h"

namespace sluice {

struct HttpServices {
  HttpServices(HttpOptions http_options, HttpContext http_context);

  const HttpOptions options;
  const HttpContext context;
  const Cors cors;
  // A few connections more than streams, so that the ops endpoints can be
  // reached, and refusals be told, when there are as many streams as may be.
  SessionBound connections;
  SessionBound ops_connections;
  SessionBound streams;
  SessionBound streams_of_address;
  SessionBound streams_of_subject;
  // Loaded when it begins to listen; null: there is none.
  std::unique_ptr<TlsContext> tls;
  std::unique_ptr<TlsContext> ops_tls;
  SessionRate new_streams_of_address;
  SessionRate new_streams_of_subject;
  const IpNetworks proxies;
  SharedQuestions questions;
  std::atomic<bool> draining{false};
};

// Who is at the other end of a connection, or, behind a trusted proxy, who has made the
// request.
struct Peer {
  std::string address;
  std::string address_and_port;  // the port is 0 where a proxy does not tell it
  bool secure = false;           // it speaks https
  // Of its verified certificate. INVALID_ARGUMENT: it cannot be gone by.
  absl::StatusOr<std::vector<std::string>> certificate_names = std::vector<std::string>();
  CertificateValidity certificate_validity;  // of the same
};

// Who a request is from that came from `peer`.
Peer ClientOf(const IpNetworks& proxies, const Peer& peer, const RequestHead& head);

}  // namespace sluice

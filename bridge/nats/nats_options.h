// How NATS is reached, and as whom.
#pragma once

#include <string>
#include <vector>

#include "absl/time/time.h"

namespace sluice {

struct NatsOptions {
  std::vector<std::string> servers = {"nats://127.0.0.1:4222"};
  std::string name = "sluice";  // what the server's monitoring shows
  // At most one kind of credentials.
  std::string credentials_file;  // a user's JWT and seed, as `nsc` writes them
  std::string nkey;              // a user's public key, and the file of its seed
  std::string nkey_seed_file;
  std::string user;
  std::string password;
  std::string token;
  // PEM files.
  bool tls = false;
  std::string tls_ca_file;
  std::string tls_certificate_file;
  std::string tls_key_file;
  std::string tls_server_name;  // that every server's certificate must have

  absl::Duration connect_timeout = absl::Seconds(2);
  // Between attempts to come back: doubled each time, with as much jitter again.
  absl::Duration backoff_min = absl::Milliseconds(100);
  absl::Duration backoff_max = absl::Seconds(5);
  absl::Duration ping_interval = absl::Seconds(3);
};

}  // namespace sluice

// TLS of a connection that the bridge opens.
#pragma once

#include <string>

namespace sluice {

// All in PEM: what stands in the files, not their names.
struct ClientTlsOptions {
  std::string ca;           // empty: the authorities that the system believes
  std::string certificate;  // the bridge's own; empty: none
  std::string key;
  std::string server_name;  // that the server's certificate must have; empty: the address's host
};

}  // namespace sluice

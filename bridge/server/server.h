// The composition root: every part of the bridge, started and ended in the
// right order.
#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "bridge/schema/async_api/async_api.h"
#include "bridge/server/config/server_options.h"

namespace sluice {

extern const char kVersion[];

// What the AsyncAPI document says of the bridge at `host`.
AsyncApiInfo AsyncApiInfoOf(const ServerOptions& options, std::string host);

class Server {
 public:
  // The error says why the event log cannot be opened.
  static absl::StatusOr<std::unique_ptr<Server>> Make(ServerOptions options);
  ~Server();

  // Listens and serves. UNAVAILABLE names the address that cannot be had.
  absl::Status Start();

  // Not ready, no new streams, a last `retry:` for those there are, then the
  // end: of what is left after the drain timeout, too.
  void Drain();

 private:
  struct Parts;
  explicit Server(std::unique_ptr<Parts> parts);

  std::unique_ptr<Parts> parts_;
};

}  // namespace sluice

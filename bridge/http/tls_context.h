// TLS of a listener: what its connections are made of. Looks after its files: connections
// that come after a change have the new certificate, those that run go on with theirs.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "bridge/base/file_watch.h"
#include "bridge/base/mutex.h"
#include "bridge/base/server_tls.h"
#include "bridge/http/tls_stream.h"

namespace sluice {

class TlsContext {
 public:
  // `setting` names it in errors and log lines: "http.tls".
  static absl::StatusOr<std::unique_ptr<TlsContext>> Load(std::string setting,
                                                          ServerTlsOptions options);

  // Any thread. Null: there is no memory.
  TlsPtr NewConnection() const;

 private:
  TlsContext(std::string setting, ServerTlsOptions options, TlsContextPtr first);

  // What cannot be used is reported, and changes nothing.
  void Reload();

  const std::string setting_;
  const ServerTlsOptions options_;
  mutable Mutex mutex_;
  TlsContextPtr current_ ABSL_GUARDED_BY(mutex_);
  FileWatch watch_;  // goes first
};

}  // namespace sluice

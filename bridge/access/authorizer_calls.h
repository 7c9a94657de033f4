// Calls of an authorizer that is asked over gRPC: unary, bounded in time and number.
//
// Whatever is no answer (an error, a missed deadline, too many open questions, bytes that
// do not parse) is kError, and is logged, at most once a second.
#pragma once

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "absl/time/time.h"
#include "bridge/access/authorizer.h"
#include "bridge/access/client_tls_options.h"

namespace sluice {

struct AuthorizerCallOptions {
  std::string address;  // "host:port" or "unix:/path"
  absl::Duration deadline;
  uint32_t calls_in_flight = 0;
  std::string calls_in_flight_setting;  // "authorizer.grpc.calls_in_flight"
  std::optional<ClientTlsOptions> tls;
};

// Thread-safe.
class AuthorizerCalls {
 public:
  // What an answer means; kError where it cannot be read.
  using Read = std::function<Decision(const std::string& answer)>;

  AuthorizerCalls(AuthorizerCallOptions options, std::string method, Read read);
  // Cancels what is open, and waits until it is answered.
  ~AuthorizerCalls();

  // `question`: a message in its wire format.
  void Ask(const std::string& question, Authorizer::Done done);

 private:
  struct Call;

  bool Begin(Call* call);
  void End(std::unique_ptr<Call> call);
  Decision DecisionOf(const grpc::Status& status, const grpc::ByteBuffer& answer);
  void LogFailure(grpc::StatusCode code, const std::string& why);

  const AuthorizerCallOptions options_;
  const std::string method_;
  const Read read_;
  grpc::GenericStub stub_;
  std::atomic<int64_t> next_log_unix_ms_{0};
  std::mutex mutex_;
  std::condition_variable all_answered_;
  // Guarded by mutex_:
  std::set<Call*> calls_;  // that can be cancelled
  uint32_t open_ = 0;
  bool ending_ = false;
};

}  // namespace sluice

// grpc.health.v1.Health. (gRPC's own is no registered service: reflection cannot
// describe it, and grpcurl fails on it.)
#pragma once

#include <memory>
#include <set>
#include <string>

#include "absl/base/thread_annotations.h"
#include "bridge/base/mutex.h"
#include "bridge/rpc/open_calls.h"
#include "grpc/health/v1/health.grpc.pb.h"

namespace sluice {

class HealthService final : public grpc::health::v1::Health::CallbackService {
 public:
  // Answers for "" and for each of `services`.
  HealthService(std::set<std::string> services, const Connections& connections);

  // Any thread.
  void SetServing(bool serving);
  // Ends the watches.
  void Drain();

  grpc::ServerUnaryReactor* Check(grpc::CallbackServerContext* context,
                                  const grpc::health::v1::HealthCheckRequest* request,
                                  grpc::health::v1::HealthCheckResponse* response) override;
  grpc::ServerWriteReactor<grpc::health::v1::HealthCheckResponse>* Watch(
      grpc::CallbackServerContext* context,
      const grpc::health::v1::HealthCheckRequest* request) override;

 private:
  class Watcher;

  grpc::health::v1::HealthCheckResponse::ServingStatus StatusOf(const std::string& service) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  std::set<std::string> services_;
  mutable Mutex mutex_;
  bool serving_ ABSL_GUARDED_BY(mutex_) = false;
  OpenCalls watches_;
  std::set<std::shared_ptr<Watcher>> watchers_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace sluice

#include "bridge/rpc/health_service.h"

#include <utility>

#include "bridge/rpc/caller.h"

namespace sluice {

using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;

namespace {

constexpr size_t kWatchersMax = 1024;

}  // namespace

// Guarded by the service's mutex. It says the newest status, not every one.
class HealthService::Watcher final : public grpc::ServerWriteReactor<HealthCheckResponse>,
                                     public OpenCalls::Call {
 public:
  Watcher(HealthService& health, std::string service, grpc::CallbackServerContext& context)
      : health_(health), service_(std::move(service)), context_(context) {}

  const std::string& service() const { return service_; }

  void Tell(HealthCheckResponse::ServingStatus status) {
    wanted_ = status;
    if (writing_ || finished_ || wanted_ == told_) return;
    writing_ = true;
    told_ = wanted_;
    response_.set_status(told_);
    StartWrite(&response_);
  }

  void End(grpc::Status status) {
    if (!std::exchange(finished_, true)) Finish(std::move(status));
  }

  void Drain() override {
    const MutexLock lock(&health_.mutex_);
    End({grpc::StatusCode::UNAVAILABLE, "draining"});
  }
  void Cancel() override {
    const MutexLock lock(&health_.mutex_);
    if (!done_) context_.TryCancel();
  }

  void OnWriteDone(bool ok) override {
    const MutexLock lock(&health_.mutex_);
    writing_ = false;
    if (ok) Tell(wanted_);
  }
  void OnCancel() override {
    const MutexLock lock(&health_.mutex_);
    End(grpc::Status::CANCELLED);
  }
  void OnDone() override {
    health_.watches_.Remove(this);
    std::shared_ptr<Watcher> self;  // outlives the lock
    const MutexLock lock(&health_.mutex_);
    done_ = true;
    for (auto it = health_.watchers_.begin(); it != health_.watchers_.end(); ++it) {
      if (it->get() != this) continue;
      self = *it;
      health_.watchers_.erase(it);
      return;
    }
  }

 private:
  HealthService& health_;
  const std::string service_;
  grpc::CallbackServerContext& context_;
  HealthCheckResponse response_;
  HealthCheckResponse::ServingStatus wanted_ = HealthCheckResponse::UNKNOWN;
  HealthCheckResponse::ServingStatus told_ = HealthCheckResponse::UNKNOWN;
  bool writing_ = false;
  bool finished_ = false;
  bool done_ = false;
};

HealthService::HealthService(std::set<std::string> services, const Connections& connections)
    : services_(std::move(services)), watches_(connections, kWatchersMax, "watches") {
  services_.insert("");
}

void HealthService::SetServing(bool serving) {
  const MutexLock lock(&mutex_);
  serving_ = serving;
  for (const auto& watcher : watchers_) watcher->Tell(StatusOf(watcher->service()));
}

void HealthService::Drain() { watches_.Drain(); }

HealthCheckResponse::ServingStatus HealthService::StatusOf(const std::string& service) const {
  if (!services_.contains(service)) return HealthCheckResponse::SERVICE_UNKNOWN;
  return serving_ ? HealthCheckResponse::SERVING : HealthCheckResponse::NOT_SERVING;
}

grpc::ServerUnaryReactor* HealthService::Check(grpc::CallbackServerContext* context,
                                               const HealthCheckRequest* request,
                                               HealthCheckResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  const MutexLock lock(&mutex_);
  response->set_status(StatusOf(request->service()));
  reactor->Finish(response->status() == HealthCheckResponse::SERVICE_UNKNOWN
                      ? grpc::Status(grpc::StatusCode::NOT_FOUND, "no such service")
                      : grpc::Status::OK);
  return reactor;
}

grpc::ServerWriteReactor<HealthCheckResponse>* HealthService::Watch(
    grpc::CallbackServerContext* context, const HealthCheckRequest* request) {
  const auto watcher = std::make_shared<Watcher>(*this, request->service(), *context);
  const absl::Status added = watches_.Add(watcher, PeerAddress(*context));
  const MutexLock lock(&mutex_);
  watchers_.insert(watcher);
  if (added.ok()) {
    watcher->Tell(StatusOf(request->service()));
  } else {
    watcher->End(ToGrpc(added));
  }
  return watcher.get();
}

}  // namespace sluice

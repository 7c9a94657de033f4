// sluice.v1.Subscriber: what a browser would get, over gRPC.
#pragma once

#include <atomic>

#include "bridge/rpc/rpc_server.h"
#include "sluice/v1/subscriber.grpc.pb.h"

namespace sluice {

class SubscriberService final : public v1::Subscriber::CallbackService {
 public:
  SubscriberService(const RpcOptions& options, const RpcContext& rpc)
      : options_(options), rpc_(rpc) {}

  // No call is opened from now on; the hub tells those that are. Any thread.
  void Drain() { draining_ = true; }

  grpc::ServerWriteReactor<v1::SubscribeResponse>* Subscribe(
      grpc::CallbackServerContext* context, const v1::SubscribeRequest* request) override;

 private:
  const RpcOptions& options_;
  const RpcContext& rpc_;
  std::atomic<uint32_t> open_{0};
  std::atomic<bool> draining_{false};
};

}  // namespace sluice

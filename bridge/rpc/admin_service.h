// sluice.v1.Admin: what is going on, for operators.
#pragma once

#include "bridge/rpc/rpc_server.h"
#include "sluice/v1/admin.grpc.pb.h"

namespace sluice {

class AdminService final : public v1::Admin::CallbackService {
 public:
  explicit AdminService(const RpcContext& rpc) : rpc_(rpc) {}

  grpc::ServerUnaryReactor* GetStats(grpc::CallbackServerContext* context,
                                     const v1::GetStatsRequest* request,
                                     v1::GetStatsResponse* response) override;
  grpc::ServerUnaryReactor* ListTopics(grpc::CallbackServerContext* context,
                                       const v1::ListTopicsRequest* request,
                                       v1::ListTopicsResponse* response) override;
  grpc::ServerUnaryReactor* ListSubscribers(grpc::CallbackServerContext* context,
                                            const v1::ListSubscribersRequest* request,
                                            v1::ListSubscribersResponse* response) override;
  grpc::ServerUnaryReactor* Disconnect(grpc::CallbackServerContext* context,
                                       const v1::DisconnectRequest* request,
                                       v1::DisconnectResponse* response) override;

 private:
  const RpcContext& rpc_;
};

}  // namespace sluice

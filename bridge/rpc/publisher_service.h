// sluice.v1.Publisher. Its methods are served raw, so that a request that does
// not parse is refused like any other.
#pragma once

#include "bridge/rpc/open_calls.h"
#include "bridge/rpc/rpc_server.h"
#include "sluice/v1/publisher.grpc.pb.h"

namespace sluice {

class PublisherService final
    : public v1::Publisher::WithRawCallbackMethod_Publish<
          v1::Publisher::WithRawCallbackMethod_PublishStream<v1::Publisher::Service>> {
 public:
  PublisherService(const RpcOptions& options, const RpcContext& rpc);

  // Ends the streams, each after its last answer. Any thread.
  void Drain() { streams_.Drain(); }

  grpc::ServerUnaryReactor* Publish(grpc::CallbackServerContext* context,
                                    const grpc::ByteBuffer* request,
                                    grpc::ByteBuffer* response) override;
  grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* PublishStream(
      grpc::CallbackServerContext* context) override;

 private:
  const RpcOptions& options_;
  const RpcContext& rpc_;
  OpenCalls streams_;
};

}  // namespace sluice

#include "bridge/rpc/publisher_service.h"

#include <memory>
#include <utility>
#include <vector>

#include "bridge/fleet/proto_time.h"
#include "bridge/rpc/bytes.h"
#include "bridge/rpc/caller.h"
#include "bridge/rpc/publish_stream.h"

namespace sluice {
namespace {

// PublishStream calls at once; each may hold as many bytes as one request.
constexpr size_t kStreamsMax = 10'000;

grpc::ByteBuffer ToResponse(const std::vector<AppendResult>& results, absl::Duration window) {
  v1::PublishResponse response;
  for (const AppendResult& result : results) *response.add_results() = ToProto(result);
  *response.mutable_deduplication_window() = ToProto(window);
  return ToBytes(response);
}

// Ends a stream before it begins.
class RefusedStream final : public grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
 public:
  explicit RefusedStream(grpc::Status status) { Finish(std::move(status)); }
  void OnDone() override { delete this; }
};

}  // namespace

PublisherService::PublisherService(const RpcOptions& options, const RpcContext& rpc)
    : options_(options),
      rpc_(rpc),
      streams_(*rpc.connections, kStreamsMax, "PublishStream calls") {}

grpc::ServerUnaryReactor* PublisherService::Publish(grpc::CallbackServerContext* context,
                                                    const grpc::ByteBuffer* request,
                                                    grpc::ByteBuffer* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  const auto publishing =
      std::make_shared<Publishing>(rpc_, options_.authorize_publishing, *context);
  publishing->Publish<v1::PublishRequest>(
      *request, [reactor, response, window = rpc_.log->deduplication_window()](
                    const absl::StatusOr<std::vector<AppendResult>>& results) {
        if (results.ok()) *response = ToResponse(*results, window);
        reactor->Finish(ToGrpc(results.status()));
      });
  return reactor;
}

grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* PublisherService::PublishStream(
    grpc::CallbackServerContext* context) {
  const auto publishing =
      std::make_shared<Publishing>(rpc_, options_.authorize_publishing, *context);
  const auto stream = std::make_shared<sluice::PublishStream>(
      publishing, rpc_.log->deduplication_window(), options_.publish_bytes_max, *context,
      [this](sluice::PublishStream* done) { streams_.Remove(done); });
  if (const absl::Status status = streams_.Add(stream, PeerAddress(*context)); !status.ok()) {
    return new RefusedStream(ToGrpc(status));
  }
  stream->Start();
  return stream.get();
}

}  // namespace sluice

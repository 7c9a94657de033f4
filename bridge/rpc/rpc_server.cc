#include "bridge/rpc/rpc_server.h"

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "bridge/base/metrics.h"
#include "bridge/base/open_files.h"
#include "bridge/rpc/acceptor.h"
#include "bridge/rpc/admin_service.h"
#include "bridge/rpc/connections.h"
#include "bridge/rpc/grpc_log.h"
#include "bridge/rpc/health_service.h"
#include "bridge/rpc/publisher_service.h"
#include "bridge/rpc/reflection_service.h"
#include "bridge/rpc/rpc_tls.h"
#include "bridge/rpc/subscriber_service.h"

namespace sluice {
namespace {

constexpr char kHealth[] = "grpc.health.v1.Health";
constexpr char kReflectionV1[] = "grpc.reflection.v1.ServerReflection";
constexpr char kReflectionV1Alpha[] = "grpc.reflection.v1alpha.ServerReflection";

// A caller that vanished is noticed, and one that wants to notice may ask.
constexpr int kKeepaliveMs = 30'000;
constexpr int kKeepaliveTimeoutMs = 10'000;
constexpr int kPingIntervalMsMin = 5'000;
constexpr int kPingStrikesMax = 2;
// A connection without calls goes; a caller that has one to make opens another.
constexpr int kIdleMsMax = 5 * 60'000;
// Of one connection. (Past it a client's calls wait for one another.)
constexpr int kCallsMax = 4096;
constexpr int kMetadataBytesMax = 16 * 1024;
// What all connections together may hold of messages that are under way: past it gRPC ends
// calls, of whomever. Nothing narrower can be had from gRPC 1.51: a message is as long as its
// sender says (up to 4 GiB) until it is there, a call's window opens by that length, and a
// client that never acknowledges our settings has no bound on its calls. So one connection can
// hold as much as all of them.
constexpr size_t kBytesMax = 512 * 1024 * 1024;
// Of these, what strangers may have sent before they are closed: the rest is always there for
// those to whom something was allowed.
constexpr size_t kStrangersShare = 4;

std::vector<std::string> OwnServices(const RpcOptions& options) {
  std::vector<std::string> services = {"sluice.v1.Publisher", "sluice.v1.Subscriber"};
  if (options.admin) services.push_back("sluice.v1.Admin");
  return services;
}

std::vector<std::string> ListedServices(const RpcOptions& options) {
  std::vector<std::string> services = OwnServices(options);
  services.insert(services.end(), {kHealth, kReflectionV1, kReflectionV1Alpha});
  return services;
}

// (Some requests have to fit, with what is on its way behind them.)
size_t BytesMax(const RpcOptions& options) {
  return std::max<size_t>(kBytesMax, 8 * static_cast<size_t>(options.publish_bytes_max));
}

void SetBounds(const RpcOptions& options, grpc::ServerBuilder* builder) {
  const std::pair<const char*, int> bounds[] = {
      {GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS,
       static_cast<int>(absl::ToInt64Milliseconds(options.handshake_timeout))},
      {GRPC_ARG_MAX_CONNECTION_IDLE_MS, kIdleMsMax},
      {GRPC_ARG_MAX_CONCURRENT_STREAMS, kCallsMax},
      {GRPC_ARG_MAX_METADATA_SIZE, kMetadataBytesMax},
      {GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMs},
      {GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMs},
      {GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1},
      {GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, kPingIntervalMsMin},
      {GRPC_ARG_HTTP2_MAX_PING_STRIKES, kPingStrikesMax}};
  for (const auto& [name, value] : bounds) builder->AddChannelArgument(name, value);
  builder->SetMaxReceiveMessageSize(static_cast<int>(options.publish_bytes_max));
  // gRPC inflates a message whole before it looks at the bound, a thousand times over.
  for (const auto algorithm : {GRPC_COMPRESS_DEFLATE, GRPC_COMPRESS_GZIP}) {
    builder->SetCompressionAlgorithmSupportStatus(algorithm, false);
  }
  builder->SetResourceQuota(grpc::ResourceQuota("sluice").Resize(BytesMax(options)));
}

std::string AddressOf(const std::string& listen, int port) {
  return absl::StrCat(listen.substr(0, listen.rfind(':') + 1), port);
}

}  // namespace

struct RpcServer::Parts {
  Parts(RpcOptions rpc_options, RpcContext rpc_context)
      : options(std::move(rpc_options)),
        context([&] {
          rpc_context.connections = &connections;
          return std::move(rpc_context);
        }()),
        acceptor(connections),
        publisher(options, context),
        subscriber(options, context),
        admin(context),
        health(
            [this] {
              const std::vector<std::string> own = OwnServices(options);
              return std::set<std::string>(own.begin(), own.end());
            }(),
            connections),
        source{context.schema, ListedServices(options)},
        reflection_calls(context),
        reflection_v1(source, reflection_calls),
        reflection_v1alpha(source, reflection_calls) {}

  Connections connections;
  const RpcOptions options;
  const RpcContext context;
  Acceptor acceptor;
  PublisherService publisher;
  SubscriberService subscriber;
  AdminService admin;
  HealthService health;
  const ReflectionSource source;
  ReflectionCalls reflection_calls;
  ReflectionV1Service reflection_v1;
  ReflectionV1AlphaService reflection_v1alpha;
  std::shared_ptr<grpc::ServerCredentials> credentials = grpc::InsecureServerCredentials();
  std::unique_ptr<grpc::experimental::ExternalConnectionAcceptor> accepted;
  std::unique_ptr<grpc::Server> server;
};

RpcServer::RpcServer(RpcOptions options, RpcContext context)
    : parts_(std::make_unique<Parts>(std::move(options), std::move(context))) {}

RpcServer::~RpcServer() { Shutdown(absl::Now()); }

absl::Status RpcServer::Start() {
  TakeLogOfGrpc();
  Parts& p = *parts_;
  if (absl::Status status = p.acceptor.Listen(p.options.listen); !status.ok()) {
    return absl::UnavailableError(absl::StrCat("grpc.listen: ", status.message()));
  }
  if (p.options.tls) {
    auto tls = MakeServerCredentials(*p.options.tls);
    if (!tls.ok()) {
      return absl::InvalidArgumentError(absl::StrCat("grpc.tls.", tls.status().message()));
    }
    p.credentials = *std::move(tls);
  }
  grpc::ServerBuilder builder;
  SetBounds(p.options, &builder);
  p.accepted = builder.experimental().AddExternalConnectionAcceptor(
      grpc::ServerBuilder::experimental_type::ExternalConnectionType::FROM_FD, p.credentials);
  builder.RegisterService(&p.publisher);
  builder.RegisterService(&p.subscriber);
  if (p.options.admin) builder.RegisterService(&p.admin);
  builder.RegisterService(&p.health);
  if (p.options.reflection) {
    builder.RegisterService(&p.reflection_v1);
    builder.RegisterService(&p.reflection_v1alpha);
  }
  p.server = builder.BuildAndStart();
  if (p.server == nullptr) return absl::UnavailableError("grpc.listen: gRPC could not be started");
  p.acceptor.Start(
      {.connections = static_cast<uint32_t>(
           std::min<uint64_t>(p.options.connections_max, ShareOpenFiles().rpc)),
       .strangers_bytes = BytesMax(p.options) / kStrangersShare},
      {.accepted =
           [&p](int socket) {
             grpc::experimental::ExternalConnectionAcceptor::NewConnectionParameters connection;
             connection.fd = socket;
             p.accepted->HandleNewConnection(&connection);
           },
       .refused = [&p] { p.context.metrics->Refused(Reason::kTooManySessions); }});
  return absl::OkStatus();
}

std::string RpcServer::address() const {
  return AddressOf(parts_->options.listen, parts_->acceptor.port());
}

void RpcServer::SetServing(bool serving) { parts_->health.SetServing(serving); }

void RpcServer::Shutdown(absl::Time deadline) {
  if (parts_->server == nullptr) return;
  parts_->acceptor.Stop();
  parts_->health.SetServing(false);
  parts_->publisher.Drain();
  parts_->subscriber.Drain();
  parts_->health.Drain();
  parts_->reflection_calls.open.Drain();
  // (gRPC takes no time before 1970.)
  parts_->server->Shutdown(absl::ToChronoTime(std::max(deadline, absl::UnixEpoch())));
  parts_->server.reset();
}

}  // namespace sluice

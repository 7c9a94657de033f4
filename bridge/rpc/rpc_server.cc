#include "bridge/rpc/rpc_server.h"

#include <grpc/support/log.h>
#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "bridge/base/log.h"
#include "bridge/rpc/admin_service.h"
#include "bridge/rpc/health_service.h"
#include "bridge/rpc/publisher_service.h"
#include "bridge/rpc/reflection_service.h"
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

std::vector<std::string> OwnServices() {
  return {"sluice.v1.Publisher", "sluice.v1.Subscriber", "sluice.v1.Admin"};
}

std::vector<std::string> ListedServices() {
  std::vector<std::string> services = OwnServices();
  services.insert(services.end(), {kHealth, kReflectionV1, kReflectionV1Alpha});
  return services;
}

// gRPC's own lines (errors, unless GRPC_VERBOSITY says more) become lines of ours.
void LogForGrpc(gpr_log_func_args* line) {
  log::Write(line->severity == GPR_LOG_SEVERITY_ERROR ? log::Level::kWarning : log::Level::kDebug,
             "grpc", {{"message", line->message}});
}

std::string AddressOf(const std::string& listen, int port) {
  if (listen.starts_with("unix:")) return listen;
  return absl::StrCat(listen.substr(0, listen.rfind(':') + 1), port);
}

}  // namespace

struct RpcServer::Parts {
  Parts(RpcOptions rpc_options, RpcContext rpc_context)
      : options(std::move(rpc_options)),
        context(std::move(rpc_context)),
        publisher(options, context),
        subscriber(options, context),
        admin(context),
        health([] {
          const std::vector<std::string> own = OwnServices();
          return std::set<std::string>(own.begin(), own.end());
        }()),
        source{context.schema, ListedServices()},
        reflection_v1(source),
        reflection_v1alpha(source) {}

  const RpcOptions options;
  const RpcContext context;
  PublisherService publisher;
  SubscriberService subscriber;
  AdminService admin;
  HealthService health;
  const ReflectionSource source;
  ReflectionV1Service reflection_v1;
  ReflectionV1AlphaService reflection_v1alpha;
  int port = 0;
  std::unique_ptr<grpc::Server> server;
};

RpcServer::RpcServer(RpcOptions options, RpcContext context)
    : parts_(std::make_unique<Parts>(std::move(options), std::move(context))) {}

RpcServer::~RpcServer() { Shutdown(absl::Now()); }

absl::Status RpcServer::Start() {
  gpr_set_log_function(LogForGrpc);
  Parts& p = *parts_;
  grpc::ServerBuilder builder;
  // Two processes would otherwise share a port, and each get some of the calls.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMs);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMs);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
                             kPingIntervalMsMin);
  builder.SetMaxReceiveMessageSize(static_cast<int>(p.options.publish_bytes_max));
  builder.AddListeningPort(p.options.listen, grpc::InsecureServerCredentials(), &p.port);
  builder.RegisterService(&p.publisher);
  builder.RegisterService(&p.subscriber);
  builder.RegisterService(&p.admin);
  builder.RegisterService(&p.health);
  if (p.options.reflection) {
    builder.RegisterService(&p.reflection_v1);
    builder.RegisterService(&p.reflection_v1alpha);
  }
  p.server = builder.BuildAndStart();
  if (p.server == nullptr) {
    return absl::UnavailableError(
        absl::StrCat("grpc.listen: ", p.options.listen, " cannot be listened on (is it in use?)"));
  }
  return absl::OkStatus();
}

std::string RpcServer::address() const { return AddressOf(parts_->options.listen, parts_->port); }

void RpcServer::SetServing(bool serving) { parts_->health.SetServing(serving); }

void RpcServer::Shutdown(absl::Time deadline) {
  if (parts_->server == nullptr) return;
  parts_->health.SetServing(false);
  parts_->publisher.Drain();
  parts_->subscriber.Drain();
  parts_->health.Drain();
  // (gRPC takes no time before 1970.)
  parts_->server->Shutdown(absl::ToChronoTime(std::max(deadline, absl::UnixEpoch())));
  parts_->server.reset();
}

}  // namespace sluice

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "bench/fanout/broadcaster.h"
#include "bench/fanout/fail.h"
#include "bench/fanout/payload.h"
#include "grpcpp/grpcpp.h"
#include "sluice/v1/publisher.grpc.pb.h"

namespace sluice::bench {
namespace {

constexpr auto kStartTimeout = std::chrono::seconds(10);

std::string FreeAddress(uint16_t* port) {
  const int socket = Must(::socket(AF_INET, SOCK_STREAM, 0), "socket");
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  Must(bind(socket, reinterpret_cast<sockaddr*>(&address), size), "bind");
  Must(getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size), "getsockname");
  close(socket);
  *port = ntohs(address.sin_port);
  return absl::StrCat("127.0.0.1:", *port);
}

// Deleted with the bridge.
class ConfigFile {
 public:
  ConfigFile() {
    const int file = Must(mkstemp(path_), "mkstemp");
    close(file);
    // One shard: figures are per core. The opening event is the load's number 0.
    std::ofstream(path_) << "authorizer: {none: {}}\n"
                            "hub: {shards: 1}\n"
                            "log: {level: warning}\n"
                            "defaults: {connect: {data: \""
                         << MarkedNumber(0) << "\"}}\n";
  }
  ~ConfigFile() { unlink(path_); }
  ConfigFile(const ConfigFile&) = delete;
  ConfigFile& operator=(const ConfigFile&) = delete;
  std::string path() const { return path_; }

 private:
  char path_[32] = "/tmp/sluice-bench-XXXXXX";
};

class Bridge final : public Broadcaster {
 public:
  Bridge(const std::string& program, int core)
      : http_(FreeAddress(&port_)),
        grpc_(FreeAddress(&grpc_port_)),
        process_(
            {program, "--config", config_.path(), "--http-listen", http_, "--grpc-listen", grpc_},
            core),
        channel_(grpc::CreateChannel(grpc_, grpc::InsecureChannelCredentials())),
        publisher_(v1::Publisher::NewStub(channel_)) {
    if (!channel_->WaitForConnected(std::chrono::system_clock::now() + kStartTimeout) ||
        !process_.Runs()) {
      Fail(absl::StrCat(program, " does not start"));
    }
  }

  std::string_view name() const override { return "sluice"; }
  const ServerProcess& process() const override { return process_; }
  uint16_t port() const override { return port_; }

  void Publish(std::span<const std::string> payloads) override {
    v1::PublishRequest request;
    for (const std::string& payload : payloads) {
      v1::Event& event = *request.add_events();
      event.set_topic(std::string(kTopic));
      event.set_type(std::string(kEventType));
      event.set_raw_json(payload);
    }
    grpc::ClientContext context;
    v1::PublishResponse response;
    const grpc::Status status = publisher_->Publish(&context, request, &response);
    if (!status.ok()) Fail(absl::StrCat("the bridge refuses: ", status.error_message()));
  }

 private:
  ConfigFile config_;
  uint16_t port_ = 0;
  uint16_t grpc_port_ = 0;
  std::string http_;
  std::string grpc_;
  ServerProcess process_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::Publisher::Stub> publisher_;
};

}  // namespace

std::unique_ptr<Broadcaster> StartBridge(const std::string& program, int core) {
  return std::make_unique<Bridge>(program, core);
}

}  // namespace sluice::bench

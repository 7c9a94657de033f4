#include "bench/process/bridge_process.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <thread>

#include "absl/strings/str_cat.h"
#include "bench/process/fail.h"
#include "bench/process/loopback.h"
#include "grpcpp/grpcpp.h"

namespace sluice::bench {
namespace {

constexpr auto kStartTimeout = std::chrono::seconds(10);
constexpr auto kReadyTimeout = std::chrono::seconds(30);

}  // namespace

BridgeProcess::ConfigFile::ConfigFile(std::string_view configuration) {
  const int file = Must(mkstemp(path_), "mkstemp");
  close(file);
  std::ofstream(path_) << configuration;
}

BridgeProcess::ConfigFile::~ConfigFile() { unlink(path_); }

BridgeProcess::BridgeProcess(const std::string& program, std::string_view configuration,
                             std::optional<int> core)
    : config_(configuration),
      port_(FreePort()),
      grpc_(LoopbackAddress(FreePort())),
      process_({program, "--config", config_.path(), "--http-listen", LoopbackAddress(port_),
                "--grpc-listen", grpc_},
               core) {
  const auto channel = grpc::CreateChannel(grpc_, grpc::InsecureChannelCredentials());
  publisher_ = v1::Publisher::NewStub(channel);
  if (!channel->WaitForConnected(std::chrono::system_clock::now() + kStartTimeout) ||
      !process_.Runs()) {
    Fail(absl::StrCat(program, " does not start"));
  }
  AwaitReady();
}

// (A log that others keep opens when they are there.)
void BridgeProcess::AwaitReady() const {
  static constexpr std::string_view kQuestion =
      "GET /ready HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n";
  const auto late = std::chrono::steady_clock::now() + kReadyTimeout;
  for (;;) {
    const int socket = Must(ConnectTo(port_), "connect");
    Must(static_cast<int>(send(socket, kQuestion.data(), kQuestion.size(), MSG_NOSIGNAL)), "send");
    char answer[16] = {};
    const ssize_t size = recv(socket, answer, sizeof(answer), MSG_WAITALL);
    close(socket);
    if (std::string_view(answer, std::max<ssize_t>(size, 0)).starts_with("HTTP/1.1 200")) return;
    if (std::chrono::steady_clock::now() > late) Fail("a bridge does not become ready");
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

void BridgeProcess::Publish(const v1::PublishRequest& request) {
  grpc::ClientContext context;
  v1::PublishResponse response;
  const grpc::Status status = publisher_->Publish(&context, request, &response);
  if (!status.ok()) Fail(absl::StrCat("the bridge refuses: ", status.error_message()));
}

}  // namespace sluice::bench

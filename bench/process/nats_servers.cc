#include "bench/process/nats_servers.h"

#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "bench/process/fail.h"
#include "bench/process/loopback.h"

namespace sluice::bench {
namespace {

constexpr auto kStartTimeout = std::chrono::seconds(20);

std::string Program() {
  const char* path = std::getenv("PATH");
  const std::string folders =
      absl::StrCat(path != nullptr ? path : "", ":/usr/sbin:/usr/local/bin");
  for (const std::string& folder : std::vector<std::string>(absl::StrSplit(folders, ':'))) {
    std::string program = absl::StrCat(folder, "/nats-server");
    if (access(program.c_str(), X_OK) == 0) return program;
  }
  return "";
}

void AwaitListening(uint16_t port) {
  const auto late = std::chrono::steady_clock::now() + kStartTimeout;
  int socket;
  while ((socket = ConnectTo(port)) < 0) {
    if (std::chrono::steady_clock::now() > late) Fail("nats-server does not start");
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  close(socket);
}

}  // namespace

bool NatsServers::Installed() { return !Program().empty(); }

NatsServers::NatsServers(int count, std::filesystem::path folder) : folder_(std::move(folder)) {
  std::filesystem::remove_all(folder_);
  std::vector<uint16_t> ports;
  std::vector<uint16_t> cluster_ports;
  std::vector<std::string> routes;
  for (int server = 0; server < count; ++server) {
    ports.push_back(FreePort());
    cluster_ports.push_back(FreePort());
    addresses_.push_back(absl::StrCat("nats://", LoopbackAddress(ports.back())));
    routes.push_back(absl::StrCat("nats://", LoopbackAddress(cluster_ports.back())));
  }
  for (int server = 0; server < count; ++server) {
    const std::filesystem::path own = folder_ / absl::StrCat(server);
    std::filesystem::create_directories(own);
    const std::filesystem::path config = own / "nats.conf";
    std::ofstream file(config);
    file << absl::StrCat("listen: \"", LoopbackAddress(ports[server]), "\"\n",  //
                         "server_name: bench-", server, "\n",                   //
                         "log_file: \"", (own / "log").string(), "\"\n",        //
                         "jetstream: {store_dir: \"", own.string(), "\"}\n");
    if (count > 1) {
      file << absl::StrCat("cluster: {name: bench, listen: \"",
                           LoopbackAddress(cluster_ports[server]), "\", routes: [\"",
                           absl::StrJoin(routes, "\", \""), "\"]}\n");
    }
    file.close();
    processes_.push_back(std::make_unique<ServerProcess>(
        std::vector<std::string>{Program(), "--config", config.string()}));
  }
  for (const uint16_t port : ports) AwaitListening(port);
}

NatsServers::~NatsServers() {
  processes_.clear();
  std::filesystem::remove_all(folder_);
}

int64_t NatsServers::AnonymousBytes() const {
  int64_t bytes = 0;
  for (const auto& process : processes_) bytes += process->AnonymousBytes();
  return bytes;
}

absl::Duration NatsServers::CpuTime() const {
  absl::Duration time;
  for (const auto& process : processes_) time += process->CpuTime();
  return time;
}

}  // namespace sluice::bench

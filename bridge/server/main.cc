#include <iostream>
#include <string>
#include <vector>

#include "bridge/base/log.h"
#include "bridge/base/tls_memory.h"
#include "bridge/server/async_api_document.h"
#include "bridge/server/config/config.h"
#include "bridge/server/config/environment.h"
#include "bridge/server/config/flags.h"
#include "bridge/server/process.h"
#include "bridge/server/server.h"

namespace sluice {
namespace {

constexpr int kUsageFault = 2;
// For what a drain does after its time is up.
constexpr absl::Duration kDrainGrace = absl::Seconds(5);

int CheckConfig(const Findings& findings) {
  for (const std::string& warning : findings.warnings()) {
    std::cerr << "warning: " << warning << "\n";
  }
  for (const std::string& error : findings.errors()) std::cerr << "error: " << error << "\n";
  if (findings.ok()) std::cout << "configuration is good\n";
  return findings.ok() ? EXIT_SUCCESS : EXIT_FAILURE;
}

int PrintAsyncApi(const ServerOptions& options, bool as_yaml, const Findings& findings) {
  if (!findings.ok()) return CheckConfig(findings);
  AsyncApiDocument document(options.routes, options.schema);
  document.Refresh(AsyncApiInfoOf(options, options.http.listen));
  std::cout << (as_yaml ? document.yaml() : document.json());
  return EXIT_SUCCESS;
}

int Run(ServerOptions options, const Findings& findings) {
  log::Configure(options.log_level, options.log_format);
  for (const std::string& warning : findings.warnings()) {
    log::Warning("configuration", {{"warning", warning}});
  }
  for (const std::string& error : findings.errors()) {
    log::Error("configuration", {{"error", error}});
  }
  if (!findings.ok()) return EXIT_FAILURE;
  const absl::Duration drain_timeout = options.drain_timeout;
  PrepareProcess();
  const auto server = Server::Make(std::move(options));
  const absl::Status started = server.ok() ? (*server)->Start() : server.status();
  if (!started.ok()) {
    log::Error("cannot start", {{"error", std::string(started.message())}});
    return EXIT_FAILURE;
  }
  log::Info("stopping", {{"signal", WaitForStop()}});
  EndWithin(drain_timeout + kDrainGrace);
  (*server)->Drain();
  return EXIT_SUCCESS;
}

int Main(const std::vector<std::string>& arguments) {
  const auto flags = ParseFlags(arguments);
  if (!flags.ok()) {
    std::cerr << "sluice: " << flags.status().message() << "\n\n" << kUsage;
    return kUsageFault;
  }
  if (flags->help) {
    std::cout << kUsage;
    return EXIT_SUCCESS;
  }
  if (flags->version) {
    std::cout << "sluice " << kVersion << "\n";
    return EXIT_SUCCESS;
  }
  Findings findings;
  const config::v1::Config config = LoadConfig(*flags, ProcessEnvironment(), &findings);
  ServerOptions options = BuildServerOptions(config, *flags, &findings);
  if (flags->check_config) return CheckConfig(findings);
  if (flags->asyncapi || flags->asyncapi_yaml) {
    return PrintAsyncApi(options, flags->asyncapi_yaml, findings);
  }
  return Run(std::move(options), findings);
}

}  // namespace
}  // namespace sluice

int main(int argc, char** argv) {
  sluice::KeepTlsBuffersApart();
  return sluice::Main({argv + 1, argv + argc});
}

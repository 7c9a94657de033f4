// An authorizer to copy: it implements sluice.v1.Authorizer, which the bridge
// asks before every subscription and, when so configured, before every publish.
//
//   example_authorizer --config tokens.yaml --listen 127.0.0.1:9191
//
// SIGHUP reads the file again, SIGTERM and SIGINT end it. In the bridge's
// configuration:
//
//   authorizer:
//     grpc:
//       address: 127.0.0.1:9191
#include <grpcpp/grpcpp.h>
#include <signal.h>

#include <chrono>
#include <iostream>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "sdk/cpp/examples/policy.h"
#include "sdk/cpp/examples/topic_pattern.h"
#include "sluice/v1/authorizer.grpc.pb.h"

namespace example {
namespace {

using sluice::v1::AuthorizeRequest;
using sluice::v1::AuthorizeResponse;

class Authorizer final : public sluice::v1::Authorizer::Service {
 public:
  explicit Authorizer(Policy policy) { Replace(std::move(policy)); }

  void Replace(Policy policy) {
    const std::lock_guard lock(mutex_);
    policy_ = std::make_shared<const Policy>(std::move(policy));
  }

  // A denial is an answer, and the call is OK. A failed call or DECISION_ERROR
  // means "I cannot tell now", and the bridge then lets nobody in.
  grpc::Status Authorize(grpc::ServerContext*, const AuthorizeRequest* request,
                         AuthorizeResponse* response) override {
    const std::shared_ptr<const Policy> policy = Current();
    const Caller* caller = policy->Find(request->credential());
    if (caller == nullptr) {
      // 401: with another credential the answer might be another.
      response->set_decision(sluice::v1::DECISION_DENY_UNAUTHENTICATED);
      response->set_reason(request->credential().empty() ? "no token was sent" : "unknown token");
      return grpc::Status::OK;
    }
    Decide(*caller, *request, response);
    return grpc::Status::OK;
  }

 private:
  std::shared_ptr<const Policy> Current() {
    const std::lock_guard lock(mutex_);
    return policy_;
  }

  static void Decide(const Caller& caller, const AuthorizeRequest& request,
                     AuthorizeResponse* response) {
    switch (request.action()) {
      case sluice::v1::ACTION_SUBSCRIBE:
        return DecideTopics(caller, caller.subscribe, request, response);
      case sluice::v1::ACTION_PUBLISH:
        return DecideTopics(caller, caller.publish, request, response);
      case sluice::v1::ACTION_READ_STATS:
        return caller.stats ? Allow(caller, response) : Forbid("no statistics for you", response);
      case sluice::v1::ACTION_ADMINISTER:
        return caller.admin ? Allow(caller, response) : Forbid("you are no operator", response);
      default:
        // An action of a later version: deny what you do not know.
        return Forbid("unknown action", response);
    }
  }

  // All topics or none: the bridge refuses the request if one is denied.
  static void DecideTopics(const Caller& caller, const std::vector<std::string>& patterns,
                           const AuthorizeRequest& request, AuthorizeResponse* response) {
    for (const std::string& topic : request.topics()) {
      // A route may ask for "user/{subject}" before it knows who that is.
      if (!AnyMatches(patterns, WithSubject(topic, caller.subject), caller.subject)) {
        response->add_denied_topics(topic);
      }
    }
    if (!response->denied_topics().empty()) return Forbid("not among your topics", response);
    Allow(caller, response);
    if (request.action() != sluice::v1::ACTION_SUBSCRIBE) return;
    // Imposed on the stream: other events do not reach it.
    response->mutable_attributes()->insert(caller.attributes.begin(), caller.attributes.end());
    for (const std::string& type : caller.event_types) response->add_event_types(type);
    for (const auto& [type, paths] : caller.field_masks) {
      sluice::v1::FieldMask* mask = response->add_field_masks();
      mask->set_event_type(type);
      mask->mutable_paths()->Add(paths.begin(), paths.end());
    }
  }

  static bool AnyMatches(const std::vector<std::string>& patterns, const std::string& topic,
                         const std::string& subject) {
    for (const std::string& pattern : patterns) {
      if (MatchesTopic(pattern, topic, subject)) return true;
    }
    return false;
  }

  static void Allow(const Caller& caller, AuthorizeResponse* response) {
    response->set_decision(sluice::v1::DECISION_ALLOW);
    response->set_subject(caller.subject);
    if (caller.expires_in == absl::InfiniteDuration()) return;
    // The bridge closes the stream then, and the client asks again.
    response->mutable_expires_at()->set_seconds(
        absl::ToUnixSeconds(absl::Now() + caller.expires_in));
  }

  static void Forbid(std::string_view reason, AuthorizeResponse* response) {
    response->set_decision(sluice::v1::DECISION_DENY_FORBIDDEN);
    response->set_reason(std::string(reason));
  }

  std::mutex mutex_;
  std::shared_ptr<const Policy> policy_;
};

struct Options {
  std::string config;
  std::string listen = "127.0.0.1:9191";
};

bool ParseOptions(int argc, char** argv, Options* options) {
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view name = argv[i];
    if (name == "--config") {
      options->config = argv[i + 1];
    } else if (name == "--listen") {
      options->listen = argv[i + 1];
    } else {
      return false;
    }
  }
  return argc % 2 == 1 && !options->config.empty();
}

void Reload(const std::string& file, Authorizer* authorizer) {
  absl::StatusOr<Policy> policy = Policy::Load(file);
  if (!policy.ok()) {
    std::cerr << "kept what was read before: " << policy.status().message() << std::endl;
    return;
  }
  const size_t tokens = policy->size();
  authorizer->Replace(*std::move(policy));
  std::cout << "read " << tokens << " tokens" << std::endl;
}

int Run(const Options& options) {
  // Before gRPC starts its threads, so that all of them leave these to sigwait.
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGHUP, SIGINT, SIGTERM}) sigaddset(&signals, signal);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  absl::StatusOr<Policy> policy = Policy::Load(options.config);
  if (!policy.ok()) {
    std::cerr << policy.status().message() << std::endl;
    return 1;
  }
  Authorizer authorizer(*std::move(policy));

  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddListeningPort(options.listen, grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&authorizer);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr) {
    std::cerr << "cannot listen on " << options.listen << std::endl;
    return 1;
  }
  std::cout << "listening on " << options.listen.substr(0, options.listen.rfind(':') + 1) << port
            << std::endl;

  for (int signal = 0; sigwait(&signals, &signal) == 0 && signal == SIGHUP;) {
    Reload(options.config, &authorizer);
  }
  server->Shutdown(std::chrono::system_clock::now() + std::chrono::seconds(1));
  return 0;
}

}  // namespace
}  // namespace example

int main(int argc, char** argv) {
  example::Options options;
  if (!example::ParseOptions(argc, argv, &options)) {
    std::cerr << "usage: example_authorizer --config FILE [--listen ADDRESS:PORT]" << std::endl;
    return 2;
  }
  return example::Run(options);
}

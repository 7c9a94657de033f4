// A real gRPC server of sluice.v1.Authorizer whose answers the test decides.
#pragma once

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "sluice/v1/authorizer.grpc.pb.h"

namespace sluice {

class AuthorizerServer final : public v1::Authorizer::CallbackService {
 public:
  // Null: the question is never answered.
  using Answer =
      std::function<std::optional<v1::AuthorizeResponse>(const v1::AuthorizeRequest& question)>;

  explicit AuthorizerServer(
      Answer answer, std::string listen = "127.0.0.1:0",
      std::shared_ptr<grpc::ServerCredentials> credentials = grpc::InsecureServerCredentials())
      : answer_(std::move(answer)) {
    grpc::ServerBuilder builder;
    builder.AddListeningPort(listen, std::move(credentials), &port_);
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
  }
  ~AuthorizerServer() override {
    if (server_ != nullptr) server_->Shutdown(absl::ToChronoTime(absl::Now()));
  }

  // Answers `decision` to everybody.
  static Answer Always(v1::Decision decision) {
    return [decision](const v1::AuthorizeRequest&) {
      v1::AuthorizeResponse response;
      response.set_decision(decision);
      return response;
    };
  }
  static Answer Never() {
    return [](const v1::AuthorizeRequest&) { return std::nullopt; };
  }

  std::string address() const { return absl::StrCat("127.0.0.1:", port_); }
  std::vector<v1::AuthorizeRequest> questions() const {
    const std::lock_guard lock(mutex_);
    return questions_;
  }

  grpc::ServerUnaryReactor* Authorize(grpc::CallbackServerContext*,
                                      const v1::AuthorizeRequest* question,
                                      v1::AuthorizeResponse* response) override {
    {
      const std::lock_guard lock(mutex_);
      questions_.push_back(*question);
    }
    auto* reactor = new Reactor;
    if (std::optional<v1::AuthorizeResponse> answer = answer_(*question)) {
      *response = *std::move(answer);
      reactor->Finish(grpc::Status::OK);
    }
    return reactor;
  }

 private:
  // One that is not answered ends when its caller gives up.
  class Reactor final : public grpc::ServerUnaryReactor {
   public:
    void OnCancel() override { Finish(grpc::Status::CANCELLED); }
    void OnDone() override { delete this; }
    void Finish(grpc::Status status) {
      if (!finished_.exchange(true)) ServerUnaryReactor::Finish(std::move(status));
    }

   private:
    std::atomic<bool> finished_{false};
  };

  const Answer answer_;
  int port_ = 0;
  mutable std::mutex mutex_;
  std::vector<v1::AuthorizeRequest> questions_;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace sluice

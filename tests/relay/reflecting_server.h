// Backends with reflection: one that answers what the test says, and one in a process
// of its own.
#pragma once

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "grpc/reflection/v1/reflection.grpc.pb.h"

namespace sluice {

// A server of whatever services; on a port that is free, or the one given.
class TestServer {
 public:
  explicit TestServer(std::vector<grpc::Service*> services, int port = 0) : port_(port) {
    grpc::ServerBuilder builder;
    builder.AddListeningPort(absl::StrCat("127.0.0.1:", port), grpc::InsecureServerCredentials(),
                             &port_);
    for (grpc::Service* service : services) builder.RegisterService(service);
    server_ = builder.BuildAndStart();
    EXPECT_NE(server_, nullptr);
  }
  ~TestServer() { server_->Shutdown(absl::ToChronoTime(absl::Now())); }

  int port() const { return port_; }
  std::string address() const { return absl::StrCat("127.0.0.1:", port_); }

 private:
  int port_;
  std::unique_ptr<grpc::Server> server_;
};

// Reflection v1 whose answers the test makes. False: none comes.
class ScriptedReflection final : public grpc::reflection::v1::ServerReflection::CallbackService {
 public:
  using Request = grpc::reflection::v1::ServerReflectionRequest;
  using Response = grpc::reflection::v1::ServerReflectionResponse;
  using Answer = std::function<bool(const Request&, Response*)>;

  explicit ScriptedReflection(Answer answer) : answer_(std::move(answer)) {}

  grpc::ServerBidiReactor<Request, Response>* ServerReflectionInfo(
      grpc::CallbackServerContext*) override {
    ++calls;
    return new Call(*this);
  }

  std::atomic<int> calls{0};
  std::atomic<int> requests{0};

 private:
  class Call final : public grpc::ServerBidiReactor<Request, Response> {
   public:
    explicit Call(ScriptedReflection& service) : service_(service) { StartRead(&request_); }
    void OnReadDone(bool ok) override {
      if (!ok) return End(grpc::Status::OK);
      ++service_.requests;
      response_.Clear();
      if (service_.answer_(request_, &response_)) StartWrite(&response_);
    }
    void OnWriteDone(bool ok) override {
      if (!ok) return End(grpc::Status::CANCELLED);
      StartRead(&request_);
    }
    void OnCancel() override { End(grpc::Status::CANCELLED); }
    void OnDone() override { delete this; }

   private:
    void End(const grpc::Status& status) {
      if (!ended_.exchange(true)) Finish(status);
    }
    ScriptedReflection& service_;
    Request request_;
    Response response_;
    std::atomic<bool> ended_{false};
  };

  const Answer answer_;
};

// reflecting_backend.cc; ends with the object.
class ReflectingBackend {
 public:
  explicit ReflectingBackend(const std::string& listen = "127.0.0.1:0") {
    int in[2], out[2];
    EXPECT_EQ(pipe(in), 0);
    EXPECT_EQ(pipe(out), 0);
    pid_ = fork();
    if (pid_ == 0) {
      dup2(in[0], STDIN_FILENO);
      dup2(out[1], STDOUT_FILENO);
      for (int fd : {in[0], in[1], out[0], out[1]}) close(fd);
      execl(REFLECTING_BACKEND, REFLECTING_BACKEND, listen.c_str(), nullptr);
      _exit(127);
    }
    close(in[0]);
    close(out[1]);
    stdin_ = in[1];
    for (char c; read(out[0], &c, 1) == 1 && c != '\n';) address_ += c;
    close(out[0]);
    EXPECT_FALSE(address_.empty());
  }
  ~ReflectingBackend() {
    close(stdin_);
    waitpid(pid_, nullptr, 0);
  }
  const std::string& address() const { return address_; }

 private:
  pid_t pid_ = -1;
  int stdin_ = -1;
  std::string address_;
};

}  // namespace sluice

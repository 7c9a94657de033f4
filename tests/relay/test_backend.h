// A real gRPC server whose streams a test writes by hand: it answers any method with
// the bytes it is given.
#pragma once

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/grpcpp.h>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace sluice {

// A call as the backend sees it. Any thread.
class BackendCall {
 public:
  virtual ~BackendCall() = default;

  virtual std::string method() const = 0;   // "/acme.v1.Service/Method"
  virtual std::string request() const = 0;  // wire bytes
  virtual std::multimap<std::string, std::string> metadata() const = 0;
  virtual std::chrono::system_clock::time_point deadline() const = 0;

  // Initial metadata by itself.
  virtual void SendMetadata() = 0;
  // One after another; gRPC takes the next when there is room on the wire.
  virtual void Write(std::string bytes, size_t times = 1) = 0;
  // After what was written.
  virtual void Finish(grpc::Status status) = 0;

  virtual size_t written() const = 0;  // messages that gRPC has taken
  virtual bool AwaitCancelled() = 0;   // false: not within 30 s
};

class TestBackend {
 public:
  // On the port of one that was stopped: a backend that was started again.
  explicit TestBackend(const std::string& listen = "127.0.0.1:0",
                       std::function<void(BackendCall&)> on_call = nullptr);
  // Ends what is open.
  ~TestBackend();

  // "127.0.0.1:PORT".
  const std::string& address() const { return address_; }
  // The next call that came with its request; null: none within 30 s. Not together
  // with OnCall.
  std::shared_ptr<BackendCall> AwaitCall();
  // Who is told of calls instead, on gRPC's threads. Before the first call.
  void OnCall(std::function<void(BackendCall&)> on_call) { on_call_ = std::move(on_call); }
  void Stop();

 private:
  class Call;
  class Service;

  void Arrived(std::shared_ptr<BackendCall> call);

  std::function<void(BackendCall&)> on_call_;
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<std::shared_ptr<BackendCall>> calls_;  // guarded by mutex_
  std::unique_ptr<Service> service_;
  std::string address_;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace sluice

#include "tests/relay/test_backend.h"

#include <optional>

namespace sluice {
namespace {

constexpr auto kPatience = std::chrono::seconds(30);

grpc::ByteBuffer ToBuffer(const std::string& bytes) {
  const grpc::Slice slice(bytes);
  return grpc::ByteBuffer(&slice, 1);
}

std::string ToString(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  (void)buffer.Dump(&slices);
  std::string bytes;
  for (const grpc::Slice& slice : slices) {
    bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  return bytes;
}

}  // namespace

class TestBackend::Call final : public BackendCall,
                                public grpc::ServerGenericBidiReactor,
                                public std::enable_shared_from_this<Call> {
 public:
  Call(TestBackend& backend, const grpc::GenericCallbackServerContext& context)
      : backend_(backend), method_(context.method()), deadline_(context.deadline()) {
    for (const auto& [key, value] : context.client_metadata()) {
      metadata_.emplace(std::string(key.data(), key.size()),
                        std::string(value.data(), value.size()));
    }
  }
  void Begin() {
    self_ = shared_from_this();
    StartRead(&request_);
  }

  std::string method() const override { return method_; }
  std::string request() const override { return ToString(request_); }
  std::multimap<std::string, std::string> metadata() const override { return metadata_; }
  std::chrono::system_clock::time_point deadline() const override { return deadline_; }

  void SendMetadata() override {
    const std::lock_guard lock(mutex_);
    if (!done_) StartSendInitialMetadata();
  }
  void Write(std::string bytes, size_t times) override {
    const std::lock_guard lock(mutex_);
    // (They share the bytes.)
    to_write_.insert(to_write_.end(), times, ToBuffer(bytes));
    Continue();
  }
  void Finish(grpc::Status status) override {
    const std::lock_guard lock(mutex_);
    if (!status_) status_ = std::move(status);
    Continue();
  }
  size_t written() const override {
    const std::lock_guard lock(mutex_);
    return written_;
  }
  bool AwaitCancelled() override {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kPatience, [this] { return cancelled_; });
  }

  // Reactions.
  void OnReadDone(bool ok) override {
    if (ok) return backend_.Arrived(shared_from_this());
    Finish(grpc::Status::CANCELLED);
  }
  void OnWriteDone(bool ok) override {
    const std::lock_guard lock(mutex_);
    writing_ = false;
    if (ok) {
      ++written_;
    } else {
      Abandon();
    }
    Continue();
  }
  void OnCancel() override {
    const std::lock_guard lock(mutex_);
    cancelled_ = true;
    Abandon();
    Continue();
    changed_.notify_all();
  }
  void OnDone() override {
    {
      const std::lock_guard lock(mutex_);
      done_ = true;
    }
    self_.reset();
  }

 private:
  // mutex_ is held.
  void Abandon() {
    to_write_.clear();
    if (!status_) status_ = grpc::Status::CANCELLED;
  }
  void Continue() {
    if (writing_ || done_) return;
    if (!to_write_.empty()) {
      writing_ = true;
      under_way_ = to_write_.front();
      to_write_.pop_front();
      StartWrite(&under_way_);
    } else if (status_) {
      done_ = true;
      grpc::ServerGenericBidiReactor::Finish(*status_);
    }
  }

  TestBackend& backend_;
  const std::string method_;
  const std::chrono::system_clock::time_point deadline_;
  std::multimap<std::string, std::string> metadata_;
  grpc::ByteBuffer request_;
  std::shared_ptr<Call> self_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_:
  std::deque<grpc::ByteBuffer> to_write_;
  grpc::ByteBuffer under_way_;
  std::optional<grpc::Status> status_;
  size_t written_ = 0;
  bool writing_ = false;
  bool cancelled_ = false;
  bool done_ = false;
};

class TestBackend::Service final : public grpc::CallbackGenericService {
 public:
  explicit Service(TestBackend& backend) : backend_(backend) {}
  grpc::ServerGenericBidiReactor* CreateReactor(
      grpc::GenericCallbackServerContext* context) override {
    auto call = std::make_shared<Call>(backend_, *context);
    call->Begin();
    return call.get();
  }

 private:
  TestBackend& backend_;
};

TestBackend::TestBackend(const std::string& listen, std::function<void(BackendCall&)> on_call)
    : on_call_(std::move(on_call)), service_(std::make_unique<Service>(*this)) {
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort(listen, grpc::InsecureServerCredentials(), &port);
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.RegisterCallbackGenericService(service_.get());
  server_ = builder.BuildAndStart();
  address_ = "127.0.0.1:" + std::to_string(port);
}

TestBackend::~TestBackend() { Stop(); }

void TestBackend::Stop() {
  if (server_ == nullptr) return;
  server_->Shutdown(std::chrono::system_clock::now());
  server_->Wait();
  server_.reset();
  const std::lock_guard lock(mutex_);
  calls_.clear();
}

std::shared_ptr<BackendCall> TestBackend::AwaitCall() {
  std::unique_lock lock(mutex_);
  if (!arrived_.wait_for(lock, kPatience, [this] { return !calls_.empty(); })) return nullptr;
  std::shared_ptr<BackendCall> call = std::move(calls_.front());
  calls_.pop_front();
  return call;
}

void TestBackend::Arrived(std::shared_ptr<BackendCall> call) {
  if (on_call_) return on_call_(*call);
  const std::lock_guard lock(mutex_);
  calls_.push_back(std::move(call));
  arrived_.notify_all();
}

}  // namespace sluice

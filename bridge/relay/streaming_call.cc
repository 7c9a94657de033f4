// What comes one at a time here may come at once from gRPC: its threads tell of the
// metadata and of a response side by side, and a read that is started inside a
// reaction can be done before the reaction returns. So no read is started until what
// was told last has returned (`busy_`).
//
// A read is started from any thread, which gRPC allows only while there is a hold.
// It is let go as soon as no read can follow: then, and not before, gRPC tells that
// the call is over.
#include "bridge/relay/streaming_call.h"

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <condition_variable>
#include <functional>
#include <mutex>
#include <unordered_set>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "bridge/relay/metadata.h"

namespace sluice {
namespace {

absl::Status ToAbsl(const grpc::Status& status) {
  // (The codes are the same; what is beyond them absl takes for UNKNOWN.)
  return absl::Status(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
}

std::string ToString(const grpc::ByteBuffer& buffer) {
  std::string bytes;
  std::vector<grpc::Slice> slices;
  if (!buffer.Dump(&slices).ok()) return bytes;
  bytes.reserve(buffer.Length());
  for (const grpc::Slice& slice : slices) {
    bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  return bytes;
}

grpc::ByteBuffer ToBuffer(const std::string& bytes) {
  const grpc::Slice slice(bytes);
  return grpc::ByteBuffer(&slice, 1);
}

}  // namespace

struct StreamingCall::Gate::Parts {
  bool Enter(std::shared_ptr<StreamingCall> call) {
    const std::lock_guard lock(mutex);
    if (closed) return false;
    ++open;
    calls.insert(std::move(call));
    return true;
  }
  // It is not cancelled any more, but still counted.
  void Forget(const std::shared_ptr<StreamingCall>& call) {
    const std::lock_guard lock(mutex);
    calls.erase(call);
  }
  void Leave() {
    const std::lock_guard lock(mutex);
    if (--open == 0) all_gone.notify_all();
  }

  std::mutex mutex;
  std::condition_variable all_gone;
  // Guarded by mutex:
  bool closed = false;
  size_t open = 0;
  std::unordered_set<std::shared_ptr<StreamingCall>> calls;
};

StreamingCall::Gate::Gate() : parts_(std::make_shared<Parts>()) {}
StreamingCall::Gate::~Gate() { Close(); }

void StreamingCall::Gate::Close() {
  std::vector<std::shared_ptr<StreamingCall>> calls;
  {
    const std::lock_guard lock(parts_->mutex);
    parts_->closed = true;
    calls.assign(parts_->calls.begin(), parts_->calls.end());
  }
  for (const std::shared_ptr<StreamingCall>& call : calls) call->Cancel();
  calls.clear();
  std::unique_lock lock(parts_->mutex);
  parts_->all_gone.wait(lock, [this] { return parts_->open == 0; });
}

size_t StreamingCall::Gate::open() const {
  const std::lock_guard lock(parts_->mutex);
  return parts_->open;
}

namespace {

class GrpcStreamingCall final : public StreamingCall,
                                private grpc::ClientBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>,
                                public std::enable_shared_from_this<GrpcStreamingCall> {
 public:
  // How it leaves its gate: once when it cannot be cancelled any more, once when it
  // is gone.
  struct Exit {
    std::function<void(const std::shared_ptr<StreamingCall>&)> forget;
    std::function<void()> leave;
  };

  GrpcStreamingCall(const CallRequest& request, std::shared_ptr<Listener> listener, Exit exit)
      : listener_(std::move(listener)),
        exit_(std::move(exit)),
        request_(ToBuffer(request.message)),
        context_(std::make_unique<grpc::ClientContext>()) {
    for (const auto& [key, value] : request.metadata) {
      if (IsMetadata(key, value)) {
        context_->AddMetadata(key, value);
      } else {
        refusal_ = absl::InvalidArgumentError(
            absl::StrCat("\"", key, "\" and its value cannot be sent as metadata"));
      }
    }
    if (request.deadline != absl::InfiniteDuration()) {
      context_->set_deadline(absl::ToChronoTime(absl::Now() + request.deadline));
    }
    if (!refusal_.ok()) context_->TryCancel();
  }

  void Begin(const Backend& backend, const std::string& method) {
    grpc::GenericStub stub(backend.channel);
    stub.PrepareBidiStreamingCall(context_.get(), absl::StrCat("/", method), {}, this);
    AddHold();
    StartWriteLast(&request_, grpc::WriteOptions());
    StartCall();
  }

  void Read() override {
    {
      const std::lock_guard lock(mutex_);
      if (over_) return;  // OnEnd is on its way
      if (busy_) {
        read_wanted_ = true;
        return;
      }
      busy_ = true;
    }
    StartRead(&response_);
  }

  void Cancel() override {
    {
      const std::lock_guard lock(mutex_);
      cancelled_ = true;
      if (context_ != nullptr) context_->TryCancel();
      if (busy_ || over_) return;  // what is under way fails, and ends it
      over_ = true;
    }
    RemoveHold();
  }

 private:
  void OnReadInitialMetadataDone(bool ok) override {
    if (!ok) return NoMoreReads();
    listener_->OnStarted();
    Told();
  }

  void OnReadDone(bool ok) override {
    if (!ok) return NoMoreReads();
    std::string bytes = ToString(response_);
    response_.Clear();
    listener_->OnResponse(std::move(bytes));
    Told();
  }

  void Told() {
    bool read = false;
    {
      const std::lock_guard lock(mutex_);
      over_ = cancelled_;
      read = std::exchange(read_wanted_, false) && !over_;
      busy_ = read;
      if (!over_ && !read) return;
    }
    if (read) return StartRead(&response_);
    RemoveHold();
  }

  void NoMoreReads() {
    {
      const std::lock_guard lock(mutex_);
      over_ = true;
    }
    RemoveHold();
  }

  // Everything of the call goes before it leaves the gate: its context holds the
  // channel, and gRPC 1.51 frees its queue twice when a channel ends on one of its
  // own threads.
  void OnDone(const grpc::Status& status) override {
    {
      const std::lock_guard lock(mutex_);  // whoever cancels is past its last look at it
      over_ = true;
    }
    std::shared_ptr<StreamingCall> self = shared_from_this();
    const Exit exit = std::move(exit_);
    exit.forget(self);
    listener_->OnEnd(refusal_.ok() ? ToAbsl(status) : refusal_);
    listener_.reset();
    request_.Clear();
    response_.Clear();
    {
      const std::lock_guard lock(mutex_);
      context_.reset();
    }
    self.reset();
    exit.leave();
  }

  std::shared_ptr<Listener> listener_;
  Exit exit_;
  absl::Status refusal_;
  grpc::ByteBuffer request_;
  grpc::ByteBuffer response_;

  std::mutex mutex_;
  // Guarded by mutex_ once the call has begun:
  std::unique_ptr<grpc::ClientContext> context_;
  bool busy_ = true;  // the metadata or a response is awaited or being told
  bool read_wanted_ = false;
  bool cancelled_ = false;
  bool over_ = false;  // the hold is let go
};

}  // namespace

std::shared_ptr<StreamingCall> StreamingCall::Start(Gate& gate, Backend& backend,
                                                    const CallRequest& request,
                                                    std::shared_ptr<Listener> listener) {
  const std::shared_ptr<Gate::Parts> parts = gate.parts_;
  GrpcStreamingCall::Exit exit{
      [parts](const std::shared_ptr<StreamingCall>& call) { parts->Forget(call); },
      [parts] { parts->Leave(); }};
  auto call = std::make_shared<GrpcStreamingCall>(request, std::move(listener), std::move(exit));
  if (!parts->Enter(call)) return nullptr;
  call->Begin(backend, request.method);
  return call;
}

}  // namespace sluice

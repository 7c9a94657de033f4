#include "bridge/rpc/reflection_service.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>

#include <set>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "bridge/access/authorizer.h"
#include "bridge/access/revocations.h"
#include "bridge/access/standing.h"
#include "bridge/base/clock.h"
#include "bridge/base/metrics.h"
#include "bridge/rpc/caller.h"
#include "bridge/rpc/connections.h"

namespace sluice {
namespace {

namespace pb = google::protobuf;

// An answer with all imports goes up to here; past it a client has to ask for them. (By
// default gRPC takes 4 MiB from a server.)
constexpr size_t kAnswerBytes = 3 << 20;
constexpr size_t kCallsMax = 1024;
// Of all calls; one may always answer. (What is on its way is there twice.)
constexpr size_t kUnreadBytesMax = 32 << 20;
// Its answer repeats it.
constexpr size_t kRequestBytesMax = 4 * 1024;

// `Request` and `Response` are those of one version.
template <typename Request, typename Response>
class Reflection {
 public:
  explicit Reflection(const ReflectionSource& source)
      : source_(source), schema_(source.schema->current()) {}

  // A call is answered from one schema, so that what it gets fits together, until it
  // asks for what only a newer one has.
  void Answer(const Request& request, Response* response) {
    AnswerFrom(request, response);
    if (response->error_response().error_code() != grpc::StatusCode::NOT_FOUND) return;
    SchemaPtr now = source_.schema->current();
    if (now == schema_) return;
    schema_ = std::move(now);
    AnswerFrom(request, response);
  }

 private:
  void AnswerFrom(const Request& request, Response* response) const {
    response->Clear();
    response->set_valid_host(request.host());
    *response->mutable_original_request() = request;
    switch (request.message_request_case()) {
      case Request::kFileByFilename:
        return AddFile(schema_->FindFile(request.file_by_filename()), response);
      case Request::kFileContainingSymbol:
        return AddFile(schema_->FindFileContaining(request.file_containing_symbol()), response);
      case Request::kFileContainingExtension:
        return AddExtension(request.file_containing_extension(), response);
      case Request::kAllExtensionNumbersOfType:
        return AddExtensionNumbers(request.all_extension_numbers_of_type(), response);
      case Request::kListServices:
        for (const std::string& service : source_.services) {
          response->mutable_list_services_response()->add_service()->set_name(service);
        }
        return;
      case Request::MESSAGE_REQUEST_NOT_SET:
        break;
    }
    Fail(grpc::StatusCode::INVALID_ARGUMENT, "no message_request", response);
  }

  static void Fail(grpc::StatusCode code, const std::string& why, Response* response) {
    response->mutable_error_response()->set_error_code(code);
    response->mutable_error_response()->set_error_message(why);
  }

  // With all that it imports: not every client asks for those.
  static void AddFile(const pb::FileDescriptor* file, Response* response) {
    if (file == nullptr) return Fail(grpc::StatusCode::NOT_FOUND, "not found", response);
    std::set<const pb::FileDescriptor*> seen;
    size_t bytes = 0;
    AddWithImports(*file, &seen, &bytes, response);
  }

  static void AddWithImports(const pb::FileDescriptor& file,
                             std::set<const pb::FileDescriptor*>* seen, size_t* bytes,
                             Response* response) {
    if (!seen->insert(&file).second) return;
    pb::FileDescriptorProto proto;
    file.CopyTo(&proto);
    std::string serialized = proto.SerializeAsString();
    if (seen->size() > 1 && *bytes + serialized.size() > kAnswerBytes) return;
    *bytes += serialized.size();
    response->mutable_file_descriptor_response()->add_file_descriptor_proto(std::move(serialized));
    for (int i = 0; i < file.dependency_count(); ++i) {
      AddWithImports(*file.dependency(i), seen, bytes, response);
    }
  }

  template <typename ExtensionRequest>
  void AddExtension(const ExtensionRequest& request, Response* response) const {
    const pb::Descriptor* type = FindType(request.containing_type());
    const pb::FieldDescriptor* extension =
        type == nullptr ? nullptr
                        : schema_->pool().FindExtensionByNumber(type, request.extension_number());
    AddFile(extension == nullptr ? nullptr : extension->file(), response);
  }

  void AddExtensionNumbers(const std::string& name, Response* response) const {
    const pb::Descriptor* type = FindType(name);
    if (type == nullptr) return Fail(grpc::StatusCode::NOT_FOUND, "not found", response);
    std::vector<const pb::FieldDescriptor*> extensions;
    schema_->pool().FindAllExtensions(type, &extensions);
    auto* numbers = response->mutable_all_extension_numbers_response();
    numbers->set_base_type_name(name);
    for (const pb::FieldDescriptor* extension : extensions) {
      numbers->add_extension_number(extension->number());
    }
  }

  const pb::Descriptor* FindType(std::string_view name) const {
    const MessageType* type = schema_->Find(name);
    return type == nullptr ? nullptr : type->descriptor;
  }

  const ReflectionSource& source_;
  SchemaPtr schema_;
};

// Reads a request, asks whether it may be answered unless that is still known, answers it,
// reads the next. The authorizer's answer comes on any thread, and so does the drain.
//
// Nobody waits for that answer: when it comes, the call may be over, and then the server may
// be gone with all that the call was given. While the lock is held, an open call stays open.
template <typename Request, typename Response>
class Call final : public grpc::ServerBidiReactor<Request, Response>,
                   public OpenCalls::Call,
                   public std::enable_shared_from_this<Call<Request, Response>> {
 public:
  Call(const ReflectionSource& source, ReflectionCalls& calls, grpc::CallbackServerContext& context)
      : calls_(calls), rpc_(calls.rpc), context_(context), reflection_(source) {}

  // Once it is held by a shared_ptr; it then holds itself until the call is over.
  void Start() {
    self_ = this->shared_from_this();
    if (const absl::Status status = calls_.open.Add(self_, PeerAddress(context_)); !status.ok())
      return End(ToGrpc(status));
    const MutexLock lock(&mutex_);
    if (!finished_) this->StartRead(&request_);
  }

  void Drain() override { End({grpc::StatusCode::UNAVAILABLE, "draining"}); }
  void Cancel() override {
    const MutexLock lock(&mutex_);
    if (!done_) context_.TryCancel();
  }

  void OnReadDone(bool ok) override {
    calls_.unread.End(unread_);
    if (!ok) return End(grpc::Status::OK);
    if (request_.ByteSizeLong() > kRequestBytesMax) {
      const MutexLock lock(&mutex_);
      return Refuse(absl::InvalidArgumentError(
                        absl::StrCat("a request has ", kRequestBytesMax, " bytes at most")),
                    Reason::kTooLarge);
    }
    const bool guarded = rpc_.reflection_authorizer != nullptr;
    if (!guarded || (rpc_.clock->Now() < allowed_until_ && !Revoked())) {
      return Answer();
    }
    // What is taken back from here on may be missing from the answer.
    if (rpc_.revocations != nullptr) asked_at_ = rpc_.revocations->Now();
    absl::StatusOr<AuthorizationRequest> question = MakeQuestion(
        context_, *rpc_.reflection_authorizer, Action::kReflect, {}, rpc_.clock->Now());
    if (!question.ok()) {
      const MutexLock lock(&mutex_);
      return Refuse(question.status(), Reason::kBadRequest);
    }
    rpc_.reflection_authorizer->Authorize(
        *std::move(question),
        [self = this->shared_from_this()](const Decision& decision) { self->Decide(decision); });
  }
  void OnWriteDone(bool ok) override {
    if (!ok) return End(grpc::Status::CANCELLED);
    const MutexLock lock(&mutex_);
    if (!finished_) this->StartRead(&request_);
  }
  void OnCancel() override { End(grpc::Status::CANCELLED); }
  void OnDone() override {
    calls_.open.Remove(this);
    calls_.unread.End(unread_);
    {
      const MutexLock lock(&mutex_);
      done_ = true;
    }
    self_.reset();
  }

 private:
  void Decide(const Decision& decision) {
    {
      const MutexLock lock(&mutex_);
      if (finished_) return;
      const absl::Status status = ToStatus(decision);
      if (!status.ok()) return Refuse(status, ReasonOf(decision));
      subject_ = decision.subject;
      allowed_until_ = HoldsUntil(decision, rpc_.standing, rpc_.clock->Now());
      if (Revoked()) return Refuse(TakenBack(), Reason::kDisconnected);
      rpc_.connections->Allow(PeerAddress(context_));
    }
    Answer();
  }
  void Answer() {
    std::vector<std::shared_ptr<OpenCalls::Call>> cancelled;
    {
      const MutexLock lock(&mutex_);
      if (finished_) return;
      reflection_.Answer(request_, &response_);
      unread_ = calls_.unread.Begin(this->weak_from_this(), response_.ByteSizeLong(), &cancelled);
      this->StartWrite(&response_);
    }
    for (const auto& call : cancelled) call->Cancel();
  }
  bool Revoked() const {
    return rpc_.revocations != nullptr && rpc_.revocations->AnySince(asked_at_, subject_, {});
  }
  static absl::Status TakenBack() {
    return absl::UnavailableError("access was taken back while it was checked; try again");
  }
  void Refuse(const absl::Status& why, Reason reason) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (std::exchange(finished_, true)) return;
    rpc_.metrics->Refused(reason);
    this->Finish(ToGrpc(why));
  }
  void End(grpc::Status status) {
    const MutexLock lock(&mutex_);
    if (!std::exchange(finished_, true)) this->Finish(std::move(status));
  }

  // These three are gone with the call, or soon after it.
  ReflectionCalls& calls_;
  const RpcContext& rpc_;
  grpc::CallbackServerContext& context_;
  std::shared_ptr<Call> self_;
  Mutex mutex_;
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
  bool done_ ABSL_GUARDED_BY(mutex_) = false;

  // Of the one step that is under way.
  Reflection<Request, Response> reflection_;
  Request request_;
  Response response_;
  absl::Time allowed_until_ = absl::InfinitePast();
  std::string subject_;
  uint64_t asked_at_ = 0;  // of the revocations
  uint64_t unread_ = 0;    // the answer that is on its way
};

template <typename Request, typename Response>
grpc::ServerBidiReactor<Request, Response>* StartCall(const ReflectionSource& source,
                                                      ReflectionCalls& calls,
                                                      grpc::CallbackServerContext& context) {
  const auto call = std::make_shared<Call<Request, Response>>(source, calls, context);
  call->Start();
  return call.get();
}

}  // namespace

ReflectionCalls::ReflectionCalls(const RpcContext& context)
    : rpc(context),
      open(*context.connections, kCallsMax, "reflection calls"),
      unread(kUnreadBytesMax) {}

grpc::ServerBidiReactor<grpc::reflection::v1::ServerReflectionRequest,
                        grpc::reflection::v1::ServerReflectionResponse>*
ReflectionV1Service::ServerReflectionInfo(grpc::CallbackServerContext* context) {
  return StartCall<grpc::reflection::v1::ServerReflectionRequest,
                   grpc::reflection::v1::ServerReflectionResponse>(source_, calls_, *context);
}

grpc::ServerBidiReactor<grpc::reflection::v1alpha::ServerReflectionRequest,
                        grpc::reflection::v1alpha::ServerReflectionResponse>*
ReflectionV1AlphaService::ServerReflectionInfo(grpc::CallbackServerContext* context) {
  return StartCall<grpc::reflection::v1alpha::ServerReflectionRequest,
                   grpc::reflection::v1alpha::ServerReflectionResponse>(source_, calls_, *context);
}

}  // namespace sluice

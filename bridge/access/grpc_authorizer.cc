// The answer is taken as bytes and parsed here: gRPC 1.51's callback stubs call a
// unary answer OK that does not parse, and hand over what could be read of it.
#include "bridge/access/grpc_authorizer.h"

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "bridge/access/authorizer_answer.h"
#include "bridge/base/log.h"
#include "sluice/v1/authorizer.grpc.pb.h"

namespace sluice {
namespace {

// An answer is small; what is larger is no answer.
constexpr int kAnswerBytesMax = 64 * 1024;
constexpr char kMethod[] = "/sluice.v1.Authorizer/Authorize";
constexpr int kReconnectMsInitial = 100;
constexpr int kReconnectMsMax = 1000;

std::shared_ptr<grpc::Channel> OpenChannel(const GrpcAuthorizerOptions& options) {
  // A peer that vanished without a word is noticed while a question is open.
  const int64_t half_deadline_ms = absl::ToInt64Milliseconds(options.deadline) / 2;
  const int keepalive_ms = static_cast<int>(std::clamp<int64_t>(half_deadline_ms, 500, 10'000));
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, kReconnectMsInitial);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, kReconnectMsMax);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, kReconnectMsMax);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, keepalive_ms);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, keepalive_ms);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetMaxReceiveMessageSize(kAnswerBytesMax);
  return grpc::CreateCustomChannel(options.address, grpc::InsecureChannelCredentials(), arguments);
}

v1::Action ToProto(Action action) {
  switch (action) {
    case Action::kSubscribe:
      return v1::ACTION_SUBSCRIBE;
    case Action::kPublish:
      return v1::ACTION_PUBLISH;
    case Action::kReadStats:
      return v1::ACTION_READ_STATS;
    case Action::kAdminister:
      return v1::ACTION_ADMINISTER;
    case Action::kReflect:
      return v1::ACTION_REFLECT;
  }
  return v1::ACTION_UNSPECIFIED;
}

v1::AuthorizeRequest ToProto(AuthorizationRequest request) {
  v1::AuthorizeRequest question;
  question.set_action(ToProto(request.action));
  for (std::string& topic : request.topics) question.add_topics(std::move(topic));
  question.set_credential(std::move(request.credential));
  for (auto& [key, value] : request.headers) {
    (*question.mutable_headers())[key] = std::move(value);
  }
  question.set_peer_address(std::move(request.peer_address));
  for (std::string& name : request.certificate_names) {
    question.add_certificate_names(std::move(name));
  }
  return question;
}

Decision CannotAnswer(std::string reason) {
  Decision decision;
  decision.verdict = Decision::Verdict::kError;
  decision.reason = std::move(reason);
  return decision;
}

class GrpcAuthorizer final : public Authorizer {
 public:
  explicit GrpcAuthorizer(GrpcAuthorizerOptions options)
      : options_(std::move(options)), stub_(OpenChannel(options_)) {}

  ~GrpcAuthorizer() override {
    std::unique_lock lock(mutex_);
    for (Call* call : calls_) call->context.TryCancel();
    all_answered_.wait(lock, [this] { return open_ == 0; });
  }

  void Authorize(AuthorizationRequest request, Done done) override;
  const Wants& wants() const override { return options_.wants; }

 private:
  struct Call {
    grpc::ClientContext context;
    v1::AuthorizeRequest question;
    grpc::ByteBuffer answer;
    Done done;
  };

  bool Begin(Call* call);
  void End(std::unique_ptr<Call> call);
  Decision DecisionOf(const grpc::Status& status, grpc::ByteBuffer* answer);
  void LogFailure(const grpc::Status& status);

  const GrpcAuthorizerOptions options_;
  grpc::TemplatedGenericStub<v1::AuthorizeRequest, grpc::ByteBuffer> stub_;
  std::atomic<int64_t> next_log_unix_ms_{0};
  std::mutex mutex_;
  std::condition_variable all_answered_;
  // Guarded by mutex_:
  std::set<Call*> calls_;  // that can be cancelled
  uint32_t open_ = 0;
};

void GrpcAuthorizer::Authorize(AuthorizationRequest request, Done done) {
  auto call = std::make_unique<Call>();
  call->question = ToProto(std::move(request));
  call->done = std::move(done);
  call->context.set_deadline(absl::ToChronoTime(absl::Now() + options_.deadline));
  if (!Begin(call.get())) {
    const std::string why =
        absl::StrCat("more than ", options_.calls_in_flight,
                     " questions to the authorizer are open (authorizer.grpc.calls_in_flight)");
    LogFailure(grpc::Status(grpc::StatusCode::RESOURCE_EXHAUSTED, why));
    call->done(CannotAnswer(why));
    return;
  }
  Call* open = call.release();
  stub_.UnaryCall(&open->context, kMethod, {}, &open->question, &open->answer,
                  [this, open](const grpc::Status& status) {
                    std::unique_ptr<Call> answered(open);
                    answered->done(DecisionOf(status, &answered->answer));
                    End(std::move(answered));
                  });
}

bool GrpcAuthorizer::Begin(Call* call) {
  const std::lock_guard lock(mutex_);
  if (open_ >= options_.calls_in_flight) return false;
  ++open_;
  calls_.insert(call);
  return true;
}

// The call goes before it is counted out: its context holds the channel, and gRPC
// 1.51 frees its queue twice when a channel ends on one of its own threads.
void GrpcAuthorizer::End(std::unique_ptr<Call> call) {
  {
    const std::lock_guard lock(mutex_);
    calls_.erase(call.get());
  }
  call.reset();
  const std::lock_guard lock(mutex_);
  if (--open_ == 0) all_answered_.notify_all();
}

Decision GrpcAuthorizer::DecisionOf(const grpc::Status& status, grpc::ByteBuffer* bytes) {
  if (!status.ok()) {
    LogFailure(status);
    return CannotAnswer(status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED
                            ? absl::StrCat("the authorizer did not answer within ",
                                           absl::FormatDuration(options_.deadline))
                            : std::string("the authorizer could not be asked"));
  }
  v1::AuthorizeResponse answer;
  const grpc::Status parsed =
      grpc::SerializationTraits<v1::AuthorizeResponse>::Deserialize(bytes, &answer);
  if (!parsed.ok()) {
    LogFailure(grpc::Status(grpc::StatusCode::INTERNAL, "the answer is no AuthorizeResponse"));
    return CannotAnswer("the authorizer's answer could not be read");
  }
  Decision decision = DecisionFromAnswer(answer, absl::Now());
  if (decision.verdict == Decision::Verdict::kError) {
    LogFailure(grpc::Status(grpc::StatusCode::INTERNAL, decision.reason));
  }
  return decision;
}

// At most one line a second: every refused subscriber is logged where it is
// refused.
void GrpcAuthorizer::LogFailure(const grpc::Status& status) {
  const int64_t now = absl::ToUnixMillis(absl::Now());
  int64_t next = next_log_unix_ms_.load();
  if (now < next || !next_log_unix_ms_.compare_exchange_strong(next, now + 1000)) return;
  log::Warning("authorizer failed", {{"address", options_.address},
                                     {"code", static_cast<int>(status.error_code())},
                                     {"error", status.error_message()}});
}

}  // namespace

std::unique_ptr<Authorizer> MakeGrpcAuthorizer(GrpcAuthorizerOptions options) {
  return std::make_unique<GrpcAuthorizer>(std::move(options));
}

}  // namespace sluice

// The answer is taken as bytes and parsed by whoever knows it: gRPC 1.51's callback stubs
// call a unary answer OK that does not parse, and hand over what could be read of it.
#include "bridge/access/authorizer_calls.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "bridge/access/client_channel.h"
#include "bridge/access/decisions.h"
#include "bridge/base/log.h"

namespace sluice {
namespace {

// An answer is small; what is larger is no answer.
constexpr int kAnswerBytesMax = 64 * 1024;

grpc::ByteBuffer ToBuffer(const std::string& bytes) {
  const grpc::Slice slice(bytes);
  return grpc::ByteBuffer(&slice, 1);
}

bool ToBytes(const grpc::ByteBuffer& buffer, std::string* bytes) {
  std::vector<grpc::Slice> slices;
  if (!buffer.Valid()) return true;  // an empty message
  if (!buffer.Dump(&slices).ok()) return false;
  for (const grpc::Slice& slice : slices) {
    bytes->append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  return true;
}

std::shared_ptr<grpc::Channel> OpenChannel(const AuthorizerCallOptions& options) {
  // A peer that vanished without a word is noticed while a question is open.
  const int64_t half_deadline_ms = absl::ToInt64Milliseconds(options.deadline) / 2;
  const int keepalive_ms = static_cast<int>(std::clamp<int64_t>(half_deadline_ms, 500, 10'000));
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, keepalive_ms);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, keepalive_ms);
  arguments.SetMaxReceiveMessageSize(kAnswerBytesMax);
  return OpenClientChannel(options.address, options.tls, std::move(arguments));
}

}  // namespace

struct AuthorizerCalls::Call {
  grpc::ClientContext context;
  grpc::ByteBuffer question;
  grpc::ByteBuffer answer;
  Authorizer::Done done;
};

AuthorizerCalls::AuthorizerCalls(AuthorizerCallOptions options, std::string method, Read read)
    : options_(std::move(options)),
      method_(std::move(method)),
      read_(std::move(read)),
      stub_(OpenChannel(options_)) {}

AuthorizerCalls::~AuthorizerCalls() {
  std::unique_lock lock(mutex_);
  ending_ = true;
  for (Call* call : calls_) call->context.TryCancel();
  all_answered_.wait(lock, [this] { return open_ == 0; });
}

void AuthorizerCalls::Ask(const std::string& question, Authorizer::Done done) {
  auto call = std::make_unique<Call>();
  call->question = ToBuffer(question);
  call->done = std::move(done);
  call->context.set_deadline(absl::ToChronoTime(absl::Now() + options_.deadline));
  if (!Begin(call.get())) {
    const std::string why =
        absl::StrCat("more than ", options_.calls_in_flight, " questions to the authorizer are ",
                     "open (", options_.calls_in_flight_setting, ")");
    LogFailure(grpc::StatusCode::RESOURCE_EXHAUSTED, why);
    call->done(Denial(Decision::Verdict::kError, why));
    return;
  }
  Call* open = call.release();
  stub_.UnaryCall(&open->context, method_, {}, &open->question, &open->answer,
                  [this, open](const grpc::Status& status) {
                    std::unique_ptr<Call> answered(open);
                    answered->done(DecisionOf(status, answered->answer));
                    End(std::move(answered));
                  });
}

bool AuthorizerCalls::Begin(Call* call) {
  const std::lock_guard lock(mutex_);
  if (ending_ || open_ >= options_.calls_in_flight) return false;
  ++open_;
  calls_.insert(call);
  return true;
}

// The call goes before it is counted out: its context holds the channel, and gRPC
// 1.51 frees its queue twice when a channel ends on one of its own threads.
void AuthorizerCalls::End(std::unique_ptr<Call> call) {
  {
    const std::lock_guard lock(mutex_);
    calls_.erase(call.get());
  }
  call.reset();
  const std::lock_guard lock(mutex_);
  if (--open_ == 0) all_answered_.notify_all();
}

Decision AuthorizerCalls::DecisionOf(const grpc::Status& status, const grpc::ByteBuffer& answer) {
  if (!status.ok()) {
    LogFailure(status.error_code(), status.error_message());
    return Denial(Decision::Verdict::kError,
                  status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED
                      ? absl::StrCat("the authorizer did not answer within ",
                                     absl::FormatDuration(options_.deadline))
                      : std::string("the authorizer could not be asked"));
  }
  std::string bytes;
  Decision decision = ToBytes(answer, &bytes)
                          ? read_(bytes)
                          : Denial(Decision::Verdict::kError, "the answer could not be read");
  if (decision.verdict == Decision::Verdict::kError) {
    LogFailure(grpc::StatusCode::INTERNAL, decision.reason);
  }
  return decision;
}

// At most one line a second: every refused subscriber is logged where it is
// refused.
void AuthorizerCalls::LogFailure(grpc::StatusCode code, const std::string& why) {
  const int64_t now = absl::ToUnixMillis(absl::Now());
  int64_t next = next_log_unix_ms_.load();
  if (now < next || !next_log_unix_ms_.compare_exchange_strong(next, now + 1000)) return;
  log::Warning("authorizer failed",
               {{"address", options_.address}, {"code", static_cast<int>(code)}, {"error", why}});
}

}  // namespace sluice

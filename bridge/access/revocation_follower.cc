// One thread that waits on the queue of one call: there is one for each authorizer, it does
// next to nothing, and the channel ends on it rather than on one of gRPC's. What comes is
// taken as bytes, so that one message that does not parse is no end of the call.
#include "bridge/access/revocation_follower.h"

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <random>
#include <thread>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "bridge/access/client_channel.h"
#include "bridge/access/revocation_fields.h"
#include "bridge/base/log.h"
#include "sluice/v1/authorizer.grpc.pb.h"

namespace sluice {
namespace {

using CallReader = grpc::ClientAsyncReader<grpc::ByteBuffer>;
using CallFactory = grpc::internal::ClientAsyncReaderFactory<grpc::ByteBuffer>;

constexpr char kMethod[] = "/sluice.v1.Authorizer/WatchRevocations";
constexpr int kMessageBytesMax = 64 * 1024;
constexpr absl::Duration kConnectStep = absl::Milliseconds(200);
// A call that was open for so long was a good one.
constexpr absl::Duration kSettled = absl::Seconds(10);
// Of what is said about messages that mean nothing.
constexpr absl::Duration kGarbagePause = absl::Seconds(10);

std::shared_ptr<grpc::Channel> OpenChannel(const RevocationFollowerOptions& options) {
  grpc::ChannelArguments arguments;
  PingWhileSilent(&arguments);
  arguments.SetMaxReceiveMessageSize(kMessageBytesMax);
  return OpenClientChannel(options.address, options.tls, std::move(arguments));
}

}  // namespace

struct RevocationFollower::Parts {
  Parts(RevocationFollowerOptions options_in, Told told_in)
      : options(std::move(options_in)), told(std::move(told_in)), thread([this] { Run(); }) {}

  void Run();
  grpc::Status Follow(grpc::Channel& channel);
  bool Connect(grpc::Channel& channel);
  bool Wait(grpc::CompletionQueue& queue);
  void Take(grpc::ByteBuffer& bytes);
  void Garbage(absl::string_view why);
  void TellMissed();
  // False: it has ended.
  bool Begin(grpc::ClientContext* context);
  bool Pause(absl::Duration longest);
  bool ended() {
    const std::lock_guard lock(mutex);
    return ending;
  }

  const RevocationFollowerOptions options;
  const Told told;
  std::mt19937_64 random{std::random_device{}()};
  absl::Time next_garbage = absl::InfinitePast();
  // Something may have been missed and was not told yet, as before the first call.
  bool missed = true;
  // When that may be told again.
  absl::Time next_missed = absl::UnixEpoch();
  bool told_missed = false;
  // When the call that is under way counts as taken.
  absl::Time taken_at = absl::InfiniteFuture();
  std::mutex mutex;
  std::condition_variable wake;
  // Guarded by mutex:
  grpc::ClientContext* call = nullptr;  // that can be cancelled
  bool ending = false;
  // Last: it uses the others.
  std::thread thread;
};

RevocationFollower::RevocationFollower(RevocationFollowerOptions options, Told told)
    : parts_(std::make_unique<Parts>(std::move(options), std::move(told))) {}

RevocationFollower::~RevocationFollower() {
  {
    const std::lock_guard lock(parts_->mutex);
    parts_->ending = true;
    if (parts_->call != nullptr) parts_->call->TryCancel();
  }
  parts_->wake.notify_all();
  parts_->thread.join();
}

void RevocationFollower::Parts::Run() {
  const std::shared_ptr<grpc::Channel> channel = OpenChannel(options);
  absl::Duration pause = options.pause_min;
  while (!ended()) {
    const absl::Time began = absl::Now();
    const grpc::Status status = Follow(*channel);
    if (ended()) return;
    if (status.error_code() == grpc::StatusCode::UNIMPLEMENTED) {
      log::Debug("authorizer has no WatchRevocations", {{"address", options.address}});
      if (!Pause(options.pause_unimplemented)) return;
      continue;
    }
    missed = true;
    log::Warning("revocations are not followed now",
                 {{"address", options.address},
                  {"code", static_cast<int>(status.error_code())},
                  {"error", status.error_message()}});
    if (absl::Now() - began >= kSettled) pause = options.pause_min;
    if (!Pause(pause)) return;
    pause = std::min(pause * 2, options.pause_max);
  }
}

grpc::Status RevocationFollower::Parts::Follow(grpc::Channel& channel) {
  if (!Connect(channel)) return grpc::Status::CANCELLED;
  grpc::ClientContext context;
  if (!Begin(&context)) return grpc::Status::CANCELLED;
  told.listening();
  const grpc::internal::RpcMethod method(kMethod, grpc::internal::RpcMethod::SERVER_STREAMING);
  grpc::CompletionQueue queue;
  const std::unique_ptr<CallReader> reader(CallFactory::Create(&channel, &queue, method, &context,
                                                               v1::WatchRevocationsRequest(),
                                                               /*start=*/true, /*tag=*/nullptr));
  taken_at = absl::Now() + options.taken_after;
  const auto read = [&](grpc::ByteBuffer* bytes) {
    reader->Read(bytes, nullptr);
    return Wait(queue);
  };
  const bool sent = Wait(queue);
  for (grpc::ByteBuffer bytes; sent && read(&bytes); bytes = grpc::ByteBuffer()) {
    taken_at = absl::InfinitePast();
    TellMissed();
    Take(bytes);
  }
  taken_at = absl::InfiniteFuture();
  grpc::Status status;
  reader->Finish(&status, nullptr);
  Wait(queue);
  queue.Shutdown();
  const std::lock_guard lock(mutex);
  call = nullptr;
  return status;
}

// For the one step of the call that is under way. False: the call has ended.
bool RevocationFollower::Parts::Wait(grpc::CompletionQueue& queue) {
  void* step = nullptr;
  bool ok = false;
  for (;;) {
    const absl::Time due = missed ? std::max(taken_at, next_missed) : absl::InfiniteFuture();
    const auto came = queue.AsyncNext(&step, &ok, absl::ToChronoTime(due));
    if (came != grpc::CompletionQueue::TIMEOUT) return ok;
    TellMissed();
  }
}

// Once it is time to. (What was before the first call is nobody's fault, and does not put
// off the next time.)
void RevocationFollower::Parts::TellMissed() {
  const absl::Time now = absl::Now();
  if (!missed || now < std::max(taken_at, next_missed)) return;
  missed = false;
  if (std::exchange(told_missed, true)) next_missed = now + options.pause_missed;
  told.missed();
}

bool RevocationFollower::Parts::Connect(grpc::Channel& channel) {
  while (!ended()) {
    if (channel.WaitForConnected(absl::ToChronoTime(absl::Now() + kConnectStep))) return true;
  }
  return false;
}

void RevocationFollower::Parts::Take(grpc::ByteBuffer& bytes) {
  v1::WatchRevocationsResponse message;
  const grpc::Status parsed =
      grpc::SerializationTraits<v1::WatchRevocationsResponse>::Deserialize(&bytes, &message);
  if (!parsed.ok()) return Garbage("it is no WatchRevocationsResponse");
  if (!message.has_revocation()) return;  // (A sign of life; it must not mean "all".)
  const v1::Revocation& fields = message.revocation();
  absl::StatusOr<Revocation> revocation = ReadRevocation({.subject = fields.subject(),
                                                          .topic = fields.topic(),
                                                          .topic_pattern = fields.topic_pattern(),
                                                          .subscriber_id = {},
                                                          .reason = fields.reason()});
  if (!revocation.ok()) return Garbage(revocation.status().message());
  told.revoked(*std::move(revocation));
}

// It may have taken something back; who knows what.
void RevocationFollower::Parts::Garbage(absl::string_view why) {
  missed = true;
  told.listening();
  TellMissed();
  const absl::Time now = absl::Now();
  if (now < next_garbage) return;
  next_garbage = now + kGarbagePause;
  log::Warning("a revocation was skipped",
               {{"address", options.address}, {"error", std::string(why)}});
}

bool RevocationFollower::Parts::Begin(grpc::ClientContext* context) {
  const std::lock_guard lock(mutex);
  if (ending) return false;
  call = context;
  return true;
}

// For between half of it and all of it. False: it has ended.
bool RevocationFollower::Parts::Pause(absl::Duration longest) {
  const absl::Duration pause = longest * std::uniform_real_distribution<double>(0.5, 1.0)(random);
  std::unique_lock lock(mutex);
  return !wake.wait_for(lock, absl::ToChronoNanoseconds(pause), [this] { return ending; });
}

}  // namespace sluice

#include "bridge/fleet/fleet_link.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "bridge/base/log.h"
#include "bridge/fleet/fleet_message.h"

namespace sluice {
namespace {

// Between connections, when the server refuses to keep one.
constexpr absl::Duration kBetweenConnections = absl::Seconds(2);
// What a message holds beside its lists; and what it may at most, whatever the server takes.
constexpr int64_t kEnvelopeBytes = 4096;
constexpr size_t kLongestBytes = 512 << 10;

}  // namespace

absl::Time Monotonic() {
  return absl::UnixEpoch() + absl::FromChrono(std::chrono::steady_clock::now().time_since_epoch());
}

FleetLink::FleetLink(const FleetOptions& options, std::string own, Loop& loop, Told told)
    : options_(options),
      own_(std::move(own)),
      to_all_(options.subject + ".all"),
      loop_(loop),
      told_(std::move(told)) {}

absl::Status FleetLink::Connect() {
  const uint64_t number = ++connections_;
  NatsConnection::Callbacks callbacks;
  auto closing = std::make_shared<std::atomic<bool>>(false);
  callbacks.message = [this, closing](NatsMessage message) {
    const size_t bytes = message.data().size();
    loop_.PostWhenThereIsRoom([this, message = std::move(message)] { Take(message); }, bytes,
                              closing.get());
  };
  callbacks.connected = [this] { loop_.Post([this] { told_.connected(); }); };
  callbacks.disconnected = [this] {
    loop_.Post([this] { Away(absl::UnavailableError("NATS is away")); });
  };
  callbacks.closed = [this, number](std::string why) {
    loop_.Post([this, number, why = std::move(why)] { Closed(number, why); });
  };
  absl::StatusOr<std::unique_ptr<NatsConnection>> opened = NatsConnection::Open(
      options_.nats, {to_all_, absl::StrCat(options_.subject, ".to.", own_)}, std::move(callbacks));
  if (!opened.ok()) return opened.status();
  std::shared_ptr<NatsConnection> connection = *std::move(opened);
  loop_.Post([this, connection, closing = std::move(closing)]() mutable {
    LetGo();
    connection_ = std::move(connection);
    closing_ = std::move(closing);
    if (!left_) told_.connected();
  });
  return absl::OkStatus();
}

void FleetLink::Tell(const fleet::v1::Message& message) { Publish(to_all_, message); }

void FleetLink::TellOne(const std::string& id, const fleet::v1::Message& message) {
  Publish(absl::StrCat(options_.subject, ".to.", id), message);
}

void FleetLink::Publish(const std::string& subject, const fleet::v1::Message& message) {
  if (left_ || connection_ == nullptr || !connection_->IsConnected()) return;
  const absl::Status sent = connection_->Publish(subject, "", {}, message.SerializeAsString());
  if (absl::IsResourceExhausted(sent)) {
    log::Error("message to the fleet is too large", {{"why", std::string(sent.message())}});
  }
}

void FleetLink::Take(const NatsMessage& received) {
  if (left_) return;
  const auto message = ReadFleetMessage(received.data());
  if (!message.ok()) {
    if (const auto left_out = garbage_.Take(Monotonic())) {
      log::Warning("message in the fleet is not understood",
                   {{"why", std::string(message.status().message())}, {"left_out", *left_out}});
    }
    return;
  }
  if (message->from().id() != own_) return told_.message(*message);
  if (message->has_presence()) HearOurselves();
}

void FleetLink::HearOurselves() {
  const absl::Time now = Monotonic();
  const absl::Time before = std::exchange(heard_at_, now);
  if (std::exchange(reached_, true)) return;
  reached_at_ = now;
  log::Info("the fleet is reached", {{"subject", options_.subject}, {"id", own_}});
  told_.reached(now - std::max(before, began_));
}

absl::Status FleetLink::Reached() const {
  if (left_) return absl::UnavailableError("this bridge has left the fleet");
  if (connection_ == nullptr || !connection_->IsConnected()) {
    return absl::UnavailableError("NATS is away");
  }
  if (reached_ && Monotonic() - heard_at_ <= options_.echo_within) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat("nothing that is published to ", to_all_,
                                             " has come back (may this user publish and ",
                                             "subscribe to ", options_.subject, ".>?)"));
}

size_t FleetLink::BytesMax() const {
  const int64_t taken = connection_ == nullptr ? 0 : connection_->MaxPayload() - kEnvelopeBytes;
  return taken > 0 ? std::min(kLongestBytes, static_cast<size_t>(taken)) : kLongestBytes;
}

void FleetLink::Away(const absl::Status& why) {
  if (left_) return;
  if (std::exchange(reached_, false)) {
    log::Warning("the fleet is not reached", {{"why", std::string(why.message())}});
  }
  told_.away(why);
}

void FleetLink::Closed(uint64_t number, const std::string& why) {
  if (left_ || number != connections_) return;
  log::Error("NATS has closed the fleet's connection; another is tried", {{"why", why}});
  LetGo();
  connect_at_ = Monotonic() + kBetweenConnections;
  Away(absl::UnavailableError("NATS has closed the connection"));
}

// Its end waits for its callbacks, and one of them may wait for this thread.
void FleetLink::LetGo() {
  if (closing_ != nullptr) *closing_ = true;
  loop_.WakeWaiting();
  connection_ = nullptr;
}

void FleetLink::Tick(absl::Time now) {
  if (left_) return;
  if (reached_) {
    if (const absl::Status reached = Reached(); !reached.ok()) Away(reached);
  }
  if (now < connect_at_) return;
  connect_at_ = absl::InfiniteFuture();
  if (!Connect().ok()) connect_at_ = now + kBetweenConnections;
}

std::shared_ptr<NatsConnection> FleetLink::Leave() {
  left_ = true;
  return std::move(connection_);
}

}  // namespace sluice

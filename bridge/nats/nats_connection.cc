#include "bridge/nats/nats_connection.h"

#include <nats/nats.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <random>

#include "absl/strings/str_cat.h"
#include "bridge/base/log.h"

namespace sluice {
namespace {

// Dropped messages are found missing and asked for again; this bounds the memory until then.
constexpr int kPendingMessages = 256 * 1024;
constexpr int kPendingBytes = 256 << 20;
constexpr int64_t kWriteDeadlineMs = 2000;
constexpr int kPingsOut = 2;

natsMsg* AsMessage(const std::shared_ptr<void>& message) {
  return static_cast<natsMsg*>(message.get());
}

std::string LastError(natsStatus status) {
  const char* detail = nats_GetLastError(nullptr);
  std::string text = natsStatus_GetText(status);
  if (detail != nullptr && *detail != '\0') absl::StrAppend(&text, " (", detail, ")");
  return text;
}

class Connection final : public NatsConnection {
 public:
  explicit Connection(Callbacks callbacks) : callbacks_(std::move(callbacks)) {}

  ~Connection() override {
    if (connection_ != nullptr) {
      // In this order: the messages that are on their way have been handed over, and
      // nothing calls back any more, before anything is destroyed.
      for (const auto& heard : heard_) natsSubscription_Unsubscribe(heard->subscription);
      if (IsConnected()) natsConnection_FlushTimeout(connection_, 500);
      natsConnection_Close(connection_);
      AwaitSilence();
      for (const auto& heard : heard_) natsSubscription_Destroy(heard->subscription);
      natsConnection_Destroy(connection_);
    }
    natsOptions_Destroy(options_);
    nats_ReleaseThreadMemory();
  }

  absl::Status Connect(const NatsOptions& options, const std::vector<std::string>& subjects) {
    if (absl::Status status = SetOptions(options); !status.ok()) return status;
    natsStatus status = natsConnection_Connect(&connection_, options_);
    if (status != NATS_OK && status != NATS_NOT_YET_CONNECTED) {
      connection_ = nullptr;
      return absl::UnavailableError(absl::StrCat("NATS: ", LastError(status)));
    }
    if (status == NATS_NOT_YET_CONNECTED) {
      log::Warning("NATS is away", {{"why", LastError(status)}});
    }
    for (const std::string& subject : subjects) {
      absl::Status heard = Subscribe(subject);
      // (Refused while we are here: `closed` says so.)
      if (!heard.ok() && IsClosed()) return absl::OkStatus();
      if (!heard.ok()) return heard;
    }
    return absl::OkStatus();
  }

  absl::Status Subscribe(const std::string& subject) override {
    DestroySilent();
    auto heard = std::make_unique<Heard>();
    heard->owner = this;
    heard->subject = subject;
    natsSubscription** subscription = &heard->subscription;
    const natsStatus status =
        natsConnection_Subscribe(subscription, connection_, subject.c_str(), &OnMessage, this);
    if (status != NATS_OK) {
      return absl::UnavailableError(
          absl::StrCat("NATS: cannot subscribe to ", subject, ": ", LastError(status)));
    }
    natsSubscription_SetPendingLimits(*subscription, kPendingMessages, kPendingBytes);
    // Where it has ended already, libnats does not tell.
    if (natsSubscription_SetOnCompleteCB(*subscription, &OnComplete, heard.get()) != NATS_OK) {
      OnComplete(heard.get());
    }
    heard_.push_back(std::move(heard));
    return absl::OkStatus();
  }

  void Unsubscribe(const std::string& subject) override {
    for (const auto& heard : heard_) {
      if (heard->ended || heard->subject != subject) continue;
      heard->ended = true;
      natsSubscription_Unsubscribe(heard->subscription);
    }
  }

  absl::Status Publish(const std::string& subject, const std::string& reply,
                       const NatsHeaders& headers, std::string_view data) override {
    natsMsg* message = nullptr;
    natsStatus status =
        natsMsg_Create(&message, subject.c_str(), reply.empty() ? nullptr : reply.c_str(),
                       data.data(), static_cast<int>(data.size()));
    for (const auto& [name, value] : headers) {
      if (status == NATS_OK) status = natsMsgHeader_Set(message, name.c_str(), value.c_str());
    }
    if (status == NATS_OK) status = natsConnection_PublishMsg(connection_, message);
    natsMsg_Destroy(message);
    if (status == NATS_OK) return absl::OkStatus();
    if (status == NATS_MAX_PAYLOAD) {
      return absl::ResourceExhaustedError(
          absl::StrCat("NATS takes messages of ", MaxPayload(), " bytes (its max_payload)"));
    }
    return absl::UnavailableError(absl::StrCat("NATS: ", natsStatus_GetText(status)));
  }

  bool IsConnected() const override {
    return natsConnection_Status(connection_) == NATS_CONN_STATUS_CONNECTED;
  }

  bool IsClosed() const override { return natsConnection_IsClosed(connection_); }

  int64_t MaxPayload() const override { return natsConnection_GetMaxPayload(connection_); }

 private:
  absl::Status SetOptions(const NatsOptions& options) {
    natsStatus status = natsOptions_Create(&options_);
    std::string at = "nats";
    const auto set = [&](const char* what, auto&& call) {
      if (status != NATS_OK) return;
      at = what;
      status = call();
    };
    std::vector<const char*> servers;
    for (const std::string& server : options.servers) servers.push_back(server.c_str());
    set("servers", [&] {
      return natsOptions_SetServers(options_, servers.data(), static_cast<int>(servers.size()));
    });
    set("name", [&] { return natsOptions_SetName(options_, options.name.c_str()); });
    SetCredentials(options, set);
    SetTls(options, set);
    set("connect_timeout", [&] {
      return natsOptions_SetTimeout(options_, absl::ToInt64Milliseconds(options.connect_timeout));
    });
    set("backoff", [&] { return SetReconnecting(options); });
    set("ping_interval", [&] {
      natsOptions_SetMaxPingsOut(options_, kPingsOut);
      return natsOptions_SetPingInterval(options_,
                                         absl::ToInt64Milliseconds(options.ping_interval));
    });
    if (status == NATS_OK) return absl::OkStatus();
    return absl::InvalidArgumentError(absl::StrCat(at, ": ", LastError(status)));
  }

  template <typename Set>
  void SetCredentials(const NatsOptions& options, const Set& set) {
    if (!options.credentials_file.empty()) {
      set("credentials_file", [&] {
        return natsOptions_SetUserCredentialsFromFiles(options_, options.credentials_file.c_str(),
                                                       nullptr);
      });
    }
    if (!options.nkey.empty()) {
      set("nkey", [&] {
        return natsOptions_SetNKeyFromSeed(options_, options.nkey.c_str(),
                                           options.nkey_seed_file.c_str());
      });
    }
    if (!options.user.empty()) {
      set("user", [&] {
        return natsOptions_SetUserInfo(options_, options.user.c_str(), options.password.c_str());
      });
    }
    if (!options.token.empty()) {
      set("token", [&] { return natsOptions_SetToken(options_, options.token.c_str()); });
    }
  }

  template <typename Set>
  void SetTls(const NatsOptions& options, const Set& set) {
    if (options.tls) set("tls", [&] { return natsOptions_SetSecure(options_, true); });
    if (!options.tls_server_name.empty()) {
      set("tls.server_name", [&] {
        return natsOptions_SetExpectedHostname(options_, options.tls_server_name.c_str());
      });
    }
    if (!options.tls_ca_file.empty()) {
      set("tls.ca_file", [&] {
        return natsOptions_LoadCATrustedCertificates(options_, options.tls_ca_file.c_str());
      });
    }
    if (!options.tls_certificate_file.empty()) {
      set("tls.certificate_file", [&] {
        return natsOptions_LoadCertificatesChain(options_, options.tls_certificate_file.c_str(),
                                                 options.tls_key_file.c_str());
      });
    }
  }

  natsStatus SetReconnecting(const NatsOptions& options) {
    backoff_min_ = options.backoff_min;
    backoff_max_ = options.backoff_max;
    natsOptions_SetMaxReconnect(options_, -1);
    natsOptions_SetCustomReconnectDelay(options_, &ReconnectDelay, this);
    // What is published while it is away would go out much later: it is refused instead.
    natsOptions_SetReconnectBufSize(options_, 1);
    natsOptions_SetFailRequestsOnDisconnect(options_, true);
    natsOptions_SetSendAsap(options_, true);
    natsOptions_SetWriteDeadline(options_, kWriteDeadlineMs);
    natsOptions_SetErrorHandler(options_, &OnError, this);
    natsOptions_SetDisconnectedCB(options_, &OnDisconnected, this);
    natsOptions_SetReconnectedCB(options_, &OnConnected, this);
    natsOptions_SetClosedCB(options_, &OnClosed, this);
    return natsOptions_SetRetryOnFailedConnect(options_, true, &OnConnected, this);
  }

  static int64_t ReconnectDelay(natsConnection* /*connection*/, int attempts, void* self) {
    const auto& connection = *static_cast<Connection*>(self);
    absl::Duration pause = connection.backoff_min_;
    for (int i = 1; i < attempts && pause < connection.backoff_max_; ++i) pause *= 2;
    pause = std::min(pause, connection.backoff_max_);
    thread_local std::minstd_rand random{std::random_device{}()};
    std::uniform_real_distribution<double> jitter(0.5, 1.5);
    return absl::ToInt64Milliseconds(pause * jitter(random));
  }

  static void OnMessage(natsConnection* /*connection*/, natsSubscription* /*subscription*/,
                        natsMsg* message, void* self) {
    static_cast<Connection*>(self)->callbacks_.message(NatsMessage(message));
  }
  static void OnConnected(natsConnection* /*connection*/, void* self) {
    static_cast<Connection*>(self)->callbacks_.connected();
  }
  static void OnDisconnected(natsConnection* /*connection*/, void* self) {
    static_cast<Connection*>(self)->callbacks_.disconnected();
  }
  static void OnClosed(natsConnection* connection, void* self) {
    auto& closed = *static_cast<Connection*>(self);
    const char* why = nullptr;
    natsConnection_GetLastError(connection, &why);
    closed.callbacks_.closed(why != nullptr ? why : "");
    const std::lock_guard lock(closed.mutex_);
    closed.is_closed_ = true;
    closed.silent_.notify_all();
  }
  static void OnComplete(void* self) {
    auto& heard = *static_cast<Heard*>(self);
    const std::lock_guard lock(heard.owner->mutex_);
    heard.is_silent = true;
    heard.owner->silent_.notify_all();
  }
  static void OnError(natsConnection* /*connection*/, natsSubscription* /*subscription*/,
                      natsStatus status, void* /*self*/) {
    log::Warning("NATS error", {{"why", natsStatus_GetText(status)}});
  }

  void AwaitSilence() {
    std::unique_lock lock(mutex_);
    silent_.wait(lock, [this] {
      return is_closed_ && std::all_of(heard_.begin(), heard_.end(),
                                       [](const auto& heard) { return heard->is_silent; });
    });
  }

  // Subscriptions that have ended, when their last message has been handed over.
  void DestroySilent() {
    const std::lock_guard lock(mutex_);
    std::erase_if(heard_, [](const std::unique_ptr<Heard>& heard) {
      if (!heard->ended || !heard->is_silent) return false;
      natsSubscription_Destroy(heard->subscription);
      return true;
    });
  }

  struct Heard {
    Connection* owner = nullptr;
    std::string subject;
    natsSubscription* subscription = nullptr;
    bool ended = false;
    bool is_silent = false;  // of mutex_
  };

  const Callbacks callbacks_;
  absl::Duration backoff_min_;
  absl::Duration backoff_max_;
  natsOptions* options_ = nullptr;
  natsConnection* connection_ = nullptr;
  std::vector<std::unique_ptr<Heard>> heard_;
  std::mutex mutex_;
  std::condition_variable silent_;
  bool is_closed_ = false;
};

}  // namespace

NatsMessage::NatsMessage(void* message)
    : message_(message, [](void* m) { natsMsg_Destroy(static_cast<natsMsg*>(m)); }) {}

std::string_view NatsMessage::subject() const { return natsMsg_GetSubject(AsMessage(message_)); }

std::string_view NatsMessage::reply() const {
  const char* reply = natsMsg_GetReply(AsMessage(message_));
  return reply != nullptr ? reply : "";
}

std::string_view NatsMessage::data() const {
  return {natsMsg_GetData(AsMessage(message_)),
          static_cast<size_t>(natsMsg_GetDataLength(AsMessage(message_)))};
}

std::string_view NatsMessage::header(const char* name) const {
  const char* value = nullptr;
  if (natsMsgHeader_Get(AsMessage(message_), name, &value) != NATS_OK || value == nullptr)
    return {};
  return value;
}

int NatsMessage::status() const {
  const std::string_view status = header("Status");
  return status.empty() || !data().empty() ? 0 : std::atoi(status.data());
}

absl::StatusOr<std::unique_ptr<NatsConnection>> NatsConnection::Open(
    const NatsOptions& options, const std::vector<std::string>& subjects, Callbacks callbacks) {
  auto connection = std::make_unique<Connection>(std::move(callbacks));
  if (absl::Status status = connection->Connect(options, subjects); !status.ok()) return status;
  return connection;
}

std::string UniqueName() {
  std::random_device device;
  return absl::StrCat(absl::Hex(device(), absl::kZeroPad8), absl::Hex(device(), absl::kZeroPad8),
                      absl::Hex(device(), absl::kZeroPad8));
}

}  // namespace sluice

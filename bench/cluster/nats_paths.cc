// As who uses libnats would do without a bridge.
#include <nats/nats.h>

#include <chrono>
#include <thread>

#include "absl/strings/str_cat.h"
#include "bench/cluster/path.h"
#include "bench/fanout/payload.h"
#include "bench/process/fail.h"

namespace sluice::bench {
namespace {

constexpr char kStream[] = "BARE";
constexpr char kKeptSubject[] = "bare.kept";
constexpr char kPlainSubject[] = "bare.plain";
constexpr int64_t kSilenceMs = 10'000;
constexpr auto kOpening = std::chrono::seconds(30);

void MustBeOk(natsStatus status, absl::string_view what) {
  if (status != NATS_OK) Fail(absl::StrCat(what, ": ", natsStatus_GetText(status)));
}

class Connection {
 public:
  explicit Connection(const std::string& address) {
    natsOptions* options = nullptr;
    MustBeOk(natsOptions_Create(&options), "NATS");
    natsOptions_SetURL(options, address.c_str());
    // (Otherwise it gathers what is published for a millisecond.)
    natsOptions_SetSendAsap(options, true);
    MustBeOk(natsConnection_Connect(&connection_, options), address);
    natsOptions_Destroy(options);
  }
  ~Connection() { natsConnection_Destroy(connection_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  natsConnection* get() const { return connection_; }

 private:
  natsConnection* connection_ = nullptr;
};

class NatsPath : public Path {
 public:
  NatsPath(std::string name, const NatsServers& servers)
      : publisher_(servers.addresses().front()),
        subscriber_(servers.addresses()[servers.addresses().size() > 1 ? 1 : 0]),
        name_(std::move(name)) {}
  ~NatsPath() override {
    // Nothing arrives any more when it is destroyed: libnats would crash.
    natsSubscription_Unsubscribe(subscription_);
    natsConnection_FlushTimeout(subscriber_.get(), kSilenceMs);
    natsSubscription_Destroy(subscription_);
  }

  const std::string& name() const override { return name_; }

  uint32_t Receive() override {
    natsMsg* message = nullptr;
    MustBeOk(natsSubscription_NextMsg(&message, subscription_, kSilenceMs), "NATS: an event");
    const std::string_view data(natsMsg_GetData(message),
                                static_cast<size_t>(natsMsg_GetDataLength(message)));
    const uint32_t number = NumberIn(data).value_or(0);
    natsMsg_Destroy(message);
    return number;
  }

 protected:
  void Subscribed() { MustBeOk(natsConnection_Flush(subscriber_.get()), "NATS: subscribe"); }

  const Connection publisher_;
  const Connection subscriber_;
  natsSubscription* subscription_ = nullptr;

 private:
  const std::string name_;
};

class PlainPath final : public NatsPath {
 public:
  explicit PlainPath(const NatsServers& servers) : NatsPath("bare NATS", servers) {
    MustBeOk(natsConnection_SubscribeSync(&subscription_, subscriber_.get(), kPlainSubject),
             "NATS: subscribe");
    Subscribed();
    // (A server tells the others of a cluster who listens.)
    natsMsg* message = nullptr;
    do {
      Publish(0);
    } while (natsSubscription_NextMsg(&message, subscription_, 100) != NATS_OK);
    natsMsg_Destroy(message);
    while (natsSubscription_NextMsg(&message, subscription_, 100) == NATS_OK) {
      natsMsg_Destroy(message);
    }
  }

  void Publish(uint32_t number) override {
    const std::string payload = Payload(number);
    MustBeOk(natsConnection_Publish(publisher_.get(), kPlainSubject, payload.data(),
                                    static_cast<int>(payload.size())),
             "NATS: publish");
  }
};

class StreamPath final : public NatsPath {
 public:
  explicit StreamPath(const NatsServers& servers) : NatsPath("bare JetStream", servers) {
    MustBeOk(natsConnection_JetStream(&publishing_, publisher_.get(), nullptr), "JetStream");
    MustBeOk(natsConnection_JetStream(&subscribing_, subscriber_.get(), nullptr), "JetStream");
    MakeStream(servers.count());
    jsSubOptions options;
    jsSubOptions_Init(&options);
    options.Ordered = true;
    MustBeOk(
        js_SubscribeSync(&subscription_, subscribing_, kKeptSubject, nullptr, &options, nullptr),
        "JetStream: subscribe");
    Subscribed();
  }
  ~StreamPath() override {
    jsCtx_Destroy(publishing_);
    jsCtx_Destroy(subscribing_);
  }

  void Publish(uint32_t number) override {
    const std::string payload = Payload(number);
    MustBeOk(js_Publish(nullptr, publishing_, kKeptSubject, payload.data(),
                        static_cast<int>(payload.size()), nullptr, nullptr),
             "JetStream: publish");
  }

 private:
  // A cluster can, when it has a leader.
  void MakeStream(int replicas) {
    const char* subjects[] = {kKeptSubject};
    jsStreamConfig config;
    jsStreamConfig_Init(&config);
    config.Name = kStream;
    config.Subjects = subjects;
    config.SubjectsLen = 1;
    config.Replicas = replicas;
    const auto late = std::chrono::steady_clock::now() + kOpening;
    natsStatus status;
    while ((status = js_AddStream(nullptr, publishing_, &config, nullptr, nullptr)) != NATS_OK) {
      if (std::chrono::steady_clock::now() > late) MustBeOk(status, "JetStream: the stream");
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
  }

  jsCtx* publishing_ = nullptr;
  jsCtx* subscribing_ = nullptr;
};

}  // namespace

std::unique_ptr<Path> BareNats(const NatsServers& servers) {
  return std::make_unique<PlainPath>(servers);
}

std::unique_ptr<Path> BareJetStream(const NatsServers& servers) {
  return std::make_unique<StreamPath>(servers);
}

}  // namespace sluice::bench

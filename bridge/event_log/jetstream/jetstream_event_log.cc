// What arrives, from NATS and from callers, is handed to one thread (Loop), where the tail,
// the appends and the reads live. Only Follow, the head and what waits to be stored are
// touched by other threads too.
#include "bridge/event_log/jetstream/jetstream_event_log.h"

#include <atomic>
#include <chrono>
#include <future>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "bridge/base/log.h"
#include "bridge/event_log/jetstream/appends.h"
#include "bridge/event_log/jetstream/log_health.h"
#include "bridge/event_log/jetstream/stream_tail.h"
#include "bridge/event_log/jetstream/topic_reads.h"
#include "bridge/event_log/stoppable.h"
#include "bridge/nats/loop.h"

namespace sluice {
namespace {

// What a start waits for NATS and the stream, before it goes on without them.
constexpr absl::Duration kOpening = absl::Seconds(3);
// Between connections, when the server refuses to keep one.
constexpr std::chrono::seconds kBetweenConnections{2};

class JetStreamEventLog final : public EventLog, public Stoppable {
 public:
  explicit JetStreamEventLog(JetStreamEventLogOptions options)
      : options_(std::move(options)), health_(options_.away_grace) {
    loop_.Start([this] { Tick(); },
                [this] {
                  tail_.Flush();
                  appends_.Settle();
                });
  }

  ~JetStreamEventLog() override { Stop(); }

  // Whether it can be used; that NATS is away is no error.
  absl::Status Open() {
    if (absl::Status status = Connect(); !status.ok()) return status;
    const absl::Status opened = health_.AwaitFirst(kOpening);
    if (absl::IsFailedPrecondition(opened)) return opened;
    if (!opened.ok()) {
      log::Warning("the event log is not open yet", {{"why", std::string(opened.message())}});
    }
    return absl::OkStatus();
  }

  void Start(Tail* tail) override { followers_.Start(tail); }

  void Stop() override {
    if (stopped_.exchange(true)) return;
    std::promise<std::shared_ptr<NatsConnection>> idle;
    loop_.Post([&] {
      const absl::Status why = absl::UnavailableError("the event log is stopping");
      stopping_ = true;
      appends_.FailAll(why);
      indexes_.FailAll(why);
      requests_.FailAll(why);
      reads_.FailAll(why);
      tail_.Away(why);
      std::shared_ptr<NatsConnection> connection = std::move(connection_);
      Use(nullptr);
      idle.set_value(std::move(connection));
    });
    // The connection ends first: nothing is posted by it after that.
    idle.get_future().get().reset();
    loop_.Stop();
  }

  void Append(AppendRequest request, AppendDone done) override {
    size_t bytes = 0;
    for (const Event& event : request.events) bytes += event.data ? event.data->size() : 0;
    const size_t events = request.events.size();
    if (absl::Status status = health_.Now(); !status.ok()) return done(status);
    const bool too_many = waiting_events_.fetch_add(events) + events > options_.waiting_events;
    const bool too_large = waiting_bytes_.fetch_add(bytes) + bytes > options_.queue_bytes;
    if (too_many || too_large) {
      GiveBack(events, bytes);
      return done(
          absl::UnavailableError("the event log: too much waits to be stored, or to be known to be "
                                 "(event_log.jetstream.queue_bytes)"));
    }
    // Held for as long as any of it may be stored, which may be after its answer.
    std::shared_ptr<const void> room(nullptr,
                                     [this, events, bytes](void*) { GiveBack(events, bytes); });
    auto answer = std::make_shared<AppendDone>(std::move(done));
    auto task = [this, request = std::move(request), answer, room = std::move(room)]() mutable {
      appends_.Add(std::move(request), std::move(*answer), std::move(room));
    };
    if (!loop_.Post(std::move(task)))
      (*answer)(absl::UnavailableError("the event log has stopped"));
  }

  std::optional<Offset> Follow(std::string_view topic, ShardIndex shard) override {
    return followers_.Follow(topic, shard);
  }
  void Unfollow(std::string_view topic, ShardIndex shard) override {
    followers_.Unfollow(topic, shard);
  }

  void Read(ReadRequest request, ReadDone done) override {
    auto answer = std::make_shared<ReadDone>(std::move(done));
    auto task = [this, request = std::move(request), answer]() mutable {
      reads_.Add(std::move(request), *answer);
    };
    if (!loop_.Post(std::move(task)))
      (*answer)(absl::UnavailableError("the event log has stopped"));
  }

  Epoch epoch(Partition /*partition*/) const override { return followers_.offsets().epoch(); }
  Offset head(Partition /*partition*/) const override { return followers_.head(); }
  absl::Duration deduplication_window() const override { return options_.deduplication_window; }
  absl::Status Health(Partition /*partition*/) const override { return health_.Now(); }

 private:
  // On the loop but for the first time.
  absl::Status Connect() {
    const std::string tail_inbox = inbox_ + ".tail";
    const uint64_t number = ++connections_;
    NatsConnection::Callbacks callbacks;
    // Where it has to wait, libnats keeps what comes, up to a bound; what it drops then is
    // found missing.
    callbacks.message = [this](NatsMessage message) {
      loop_.PostWhenThereIsRoom([this, message = std::move(message)] { Take(message); });
    };
    callbacks.connected = [this, number] {
      loop_.Post([this, number] {
        if (number == connections_ && connection_ != nullptr) Doubt();
      });
    };
    callbacks.disconnected = [this] { loop_.Post([this] { Away("NATS is away"); }); };
    callbacks.closed = [this, number](std::string why) {
      loop_.Post([this, number, why = std::move(why)] { Closed(number, why); });
    };
    absl::StatusOr<std::unique_ptr<NatsConnection>> opened = NatsConnection::Open(
        options_.nats, {inbox_ + ".r.*", tail_inbox, TransientPrefix(options_) + ".>"},
        std::move(callbacks));
    if (!opened.ok()) return opened.status();
    std::shared_ptr<NatsConnection> connection = *std::move(opened);
    loop_.Post([this, connection, number]() mutable {
      Use(std::move(connection));
      // (It may have said so before it was ours.)
      if (connection_->IsClosed()) return Closed(number, "while it was opened");
      if (connection_->IsConnected()) tail_.Begin();
    });
    return absl::OkStatus();
  }

  void Use(std::shared_ptr<NatsConnection> connection) {
    connection_ = std::move(connection);
    requests_.Use(connection_.get());
    tail_.Use(connection_.get());
    appends_.Use(connection_.get());
    indexes_.Use(connection_.get());
  }

  void Take(const NatsMessage& message) {
    if (stopping_) return;
    const std::string_view subject = message.subject();
    if (subject.starts_with(transient_prefix_)) return tail_.TakeTransient(message);
    if (requests_.Take(message) || indexes_.Take(message)) return;
    tail_.Take(message);
  }

  void Away(std::string_view why) {
    if (stopping_) return;
    const absl::Status away = absl::UnavailableError(why.data());
    tail_.Away(away);
    indexes_.FailAll(away);
    requests_.FailAll(away);
  }

  void Closed(uint64_t number, const std::string& why) {
    if (stopping_ || number != connections_) return;
    Away("NATS has closed the connection");
    log::Error("NATS has closed the connection; another is tried", {{"why", why}});
    const std::shared_ptr<NatsConnection> closed = std::move(connection_);
    Use(nullptr);
    connect_at_ = std::chrono::steady_clock::now() + kBetweenConnections;
  }

  void Doubt() {
    if (!stopping_ && connection_ != nullptr && connection_->IsConnected()) tail_.Begin();
  }

  void Tick() {
    requests_.Tick();
    indexes_.Tick();
    appends_.Tick();
    tail_.Tick();
    if (connection_ != nullptr || stopping_ || connections_ == 0) return;
    if (connect_at_ && std::chrono::steady_clock::now() >= *connect_at_) {
      connect_at_.reset();
      if (!Connect().ok()) connect_at_ = std::chrono::steady_clock::now() + kBetweenConnections;
    }
  }

  void GiveBack(size_t events, size_t bytes) {
    waiting_events_ -= events;
    waiting_bytes_ -= bytes;
  }

  const JetStreamEventLogOptions options_;
  const std::string name_ = UniqueName();
  const std::string inbox_ = "_INBOX." + name_;
  const std::string transient_prefix_ = TransientPrefix(options_) + ".";
  LogHealth health_;
  Followers followers_;
  std::atomic<size_t> waiting_events_{0};
  std::atomic<size_t> waiting_bytes_{0};
  std::atomic<bool> stopped_{false};

  // The loop's own.
  NatsRequests requests_{inbox_ + ".r"};
  SeenIds seen_ids_{options_.deduplication_window, options_.deduplication_ids};
  TopicIndexes indexes_{options_, name_, requests_};
  StreamTail tail_{
      options_, inbox_ + ".tail", requests_, followers_, seen_ids_, [this](const absl::Status& s) {
        if (!stopping_) health_.Tell(s);
      }};
  Appends appends_{options_, requests_, followers_, seen_ids_, [this] { Doubt(); }};
  TopicReads reads_{options_, requests_, indexes_, followers_, [this] { Doubt(); }};
  std::shared_ptr<NatsConnection> connection_;
  std::atomic<uint64_t> connections_{0};
  std::optional<std::chrono::steady_clock::time_point> connect_at_;
  bool stopping_ = false;
  Loop loop_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<EventLog>> MakeJetStreamEventLog(JetStreamEventLogOptions options) {
  auto log = std::make_unique<JetStreamEventLog>(std::move(options));
  if (absl::Status status = log->Open(); !status.ok()) return status;
  return log;
}

}  // namespace sluice

// What arrives, from NATS and from callers, is handed to one thread (Loop), where the streams
// live. Only Follow, the heads and what waits to be stored are touched by other threads too.
#include "bridge/event_log/jetstream/jetstream_event_log.h"

#include <atomic>
#include <chrono>
#include <future>
#include <list>
#include <optional>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "bridge/base/log.h"
#include "bridge/base/text.h"
#include "bridge/event_log/jetstream/split_append.h"
#include "bridge/event_log/jetstream/stream.h"
#include "bridge/event_log/jetstream/topic_stream.h"
#include "bridge/event_log/stoppable.h"
#include "bridge/nats/loop.h"

namespace sluice {
namespace {

using std::chrono::steady_clock;

// What a start waits for NATS and the streams, before it goes on without them.
constexpr absl::Duration kOpening = absl::Seconds(3);
// Between connections, when the server refuses to keep one.
constexpr std::chrono::seconds kBetweenConnections{2};

class JetStreamEventLog final : public EventLog, public Stoppable {
 public:
  explicit JetStreamEventLog(JetStreamEventLogOptions options) : options_(std::move(options)) {
    for (Partition partition = 0; partition < options_.streams; ++partition) {
      streams_.push_back(std::make_unique<Stream>(OptionsOfStream(options_, partition), partition,
                                                  name_, absl::StrCat(tails_, partition),
                                                  requests_));
      by_name_.emplace(streams_.back()->options().stream, streams_.back().get());
    }
    loop_.Start([this] { Tick(); },
                [this] {
                  for (const auto& stream : streams_) stream->Flush();
                });
  }

  ~JetStreamEventLog() override { Stop(); }

  // Whether it can be used; that NATS is away is no error.
  absl::Status Open() {
    if (absl::Status status = Connect(); !status.ok()) return status;
    const absl::Time late = absl::Now() + kOpening;
    for (const auto& stream : streams_) {
      const absl::Status opened = stream->health().AwaitFirst(late - absl::Now());
      if (absl::IsFailedPrecondition(opened)) return opened;
      if (!opened.ok()) {
        log::Warning("the event log is not open yet", {{"stream", stream->options().stream},
                                                       {"why", std::string(opened.message())}});
      }
    }
    return absl::OkStatus();
  }

  void Start(Tail* tail) override {
    for (const auto& stream : streams_) stream->Start(tail);
  }

  void Stop() override {
    if (stopped_.exchange(true)) return;
    std::promise<std::shared_ptr<NatsConnection>> idle;
    loop_.Post([&] {
      const absl::Status why = absl::UnavailableError("the event log is stopping");
      stopping_ = true;
      for (const auto& stream : streams_) stream->Stop(why);
      requests_.FailAll(why);
      std::shared_ptr<NatsConnection> connection = std::move(connection_);
      Use(nullptr);
      idle.set_value(std::move(connection));
    });
    // The connections end first: nothing is posted by them after that.
    idle.get_future().get().reset();
    retiring_.clear();
    loop_.Stop();
    // (One that was opened meanwhile.)
    Use(nullptr);
  }

  void Append(AppendRequest request, AppendDone done) override {
    std::vector<AppendPart> parts =
        SplitByStream(std::move(request), [this](std::string_view t) { return PartitionOf(t); });
    if (parts.empty()) return done(std::vector<AppendResult>());
    for (const AppendPart& part : parts) {
      const LogHealth& health = streams_[part.partition]->health();
      if (absl::Status status = health.Now(); !status.ok()) return done(status);
    }
    size_t events = 0;
    size_t bytes = 0;
    for (const AppendPart& part : parts) {
      events += part.request.events.size();
      for (const Event& event : part.request.events) bytes += event.data ? event.data->size() : 0;
    }
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
    std::vector<AppendDone> answers = JoinAnswers(parts, std::move(done));
    auto task = [this, parts = std::move(parts), answers, room = std::move(room)]() mutable {
      for (size_t i = 0; i < parts.size(); ++i) {
        streams_[parts[i].partition]->Append(std::move(parts[i].request), std::move(answers[i]),
                                             room);
      }
    };
    if (loop_.Post(std::move(task))) return;
    for (const AppendDone& answer : answers) {
      answer(absl::UnavailableError("the event log has stopped"));
    }
  }

  Partition PartitionOf(std::string_view topic) const override {
    return StreamOfTopic(topic, options_.streams, options_.stream_by_segments);
  }
  Partition partitions() const override { return options_.streams; }

  std::optional<Offset> Follow(std::string_view topic, ShardIndex shard) override {
    Stream& stream = *streams_[PartitionOf(topic)];
    const std::optional<Offset> head = stream.Follow(topic, shard);
    if (!head) loop_.Post([&stream] { stream.Want(); });
    return head;
  }
  void Unfollow(std::string_view topic, ShardIndex shard) override {
    streams_[PartitionOf(topic)]->Unfollow(topic, shard);
  }

  void Read(ReadRequest request, ReadDone done) override {
    auto answer = std::make_shared<ReadDone>(std::move(done));
    Stream& stream = *streams_[PartitionOf(request.topic)];
    auto task = [&stream, request = std::move(request), answer]() mutable {
      stream.Read(std::move(request), *answer);
    };
    if (!loop_.Post(std::move(task))) {
      (*answer)(absl::UnavailableError("the event log has stopped"));
    }
  }

  Epoch epoch(Partition partition) const override { return streams_[partition]->epoch(); }
  Offset head(Partition partition) const override { return streams_[partition]->head(); }
  absl::Duration deduplication_window() const override { return options_.deduplication_window; }
  absl::Status Health(Partition partition) const override { return streams_[partition]->Health(); }

 private:
  // On the loop but for the first time.
  absl::Status Connect() {
    const uint64_t number = ++connections_;
    NatsConnection::Callbacks callbacks;
    // Where it has to wait, libnats keeps what comes, up to a bound; what it drops then is
    // found missing.
    callbacks.message = [this](NatsMessage message) {
      loop_.PostWhenThereIsRoom([this, message = std::move(message)] { Take(message); });
    };
    callbacks.connected = [this, number] {
      loop_.Post([this, number] {
        if (number == connections_) Connected();
      });
    };
    callbacks.disconnected = [this, number] {
      loop_.Post([this, number] {
        if (number == connections_) Away("NATS is away");
      });
    };
    callbacks.closed = [this, number](std::string why) {
      loop_.Post([this, number, why = std::move(why)] { Closed(number, why); });
    };
    absl::StatusOr<std::unique_ptr<NatsConnection>> opened = NatsConnection::Open(
        options_.nats, {inbox_ + ".r.*", TransientSubjects()}, std::move(callbacks));
    if (!opened.ok()) return opened.status();
    std::shared_ptr<NatsConnection> connection = *std::move(opened);
    loop_.Post([this, connection, number]() mutable {
      Use(std::move(connection));
      // (It may have said so before it was ours.)
      if (connection_->IsClosed()) return Closed(number, "while it was opened");
      Connected();
    });
    return absl::OkStatus();
  }

  // (A subscription for each stream that comes and goes is more than libnats can take: a bridge
  // hears the transient events of all.)
  std::string TransientSubjects() const {
    return absl::StrCat(options_.subject_prefix, options_.streams > 1 ? ".*" : "", ".transient.>");
  }

  void Use(std::shared_ptr<NatsConnection> connection) {
    connection_ = std::move(connection);
    requests_.Use(connection_.get());
    for (const auto& stream : streams_) stream->Use(connection_.get());
  }

  void Take(const NatsMessage& message) {
    if (stopping_ || requests_.Take(message)) return;
    const std::string_view subject = message.subject();
    if (subject.starts_with(tails_)) {
      if (Stream* stream = Numbered(subject.substr(tails_.size()))) stream->TakeControl(message);
      return;
    }
    if (const absl::StatusOr<Delivered> from = ParseDelivered(message.reply()); from.ok()) {
      const auto found = by_name_.find(AsAbsl(from->stream));
      if (found != by_name_.end()) found->second->Take(message, *from);
      return;
    }
    if (!subject.starts_with(prefix_)) return;
    Stream* stream =
        options_.streams > 1 ? Numbered(subject.substr(prefix_.size())) : streams_.front().get();
    if (stream != nullptr) stream->TakeTransient(message);
  }

  // The stream whose number the text begins with, before a dot.
  Stream* Numbered(std::string_view text) const {
    Partition partition = 0;
    if (!absl::SimpleAtoi(AsAbsl(text.substr(0, text.find('.'))), &partition)) return nullptr;
    return partition < streams_.size() ? streams_[partition].get() : nullptr;
  }

  void Connected() {
    if (stopping_ || connection_ == nullptr || !connection_->IsConnected()) return;
    for (const auto& stream : streams_) stream->Connected();
  }

  void Away(std::string_view why) {
    if (stopping_) return;
    const absl::Status away = absl::UnavailableError(AsAbsl(why));
    for (const auto& stream : streams_) stream->Away(away);
    requests_.FailAll(away);
  }

  void Closed(uint64_t number, const std::string& why) {
    if (stopping_ || number != connections_) return;
    Away("NATS has closed the connection");
    log::Error("NATS has closed the connection; another is tried", {{"why", why}});
    std::shared_ptr<NatsConnection> closed = std::move(connection_);
    Use(nullptr);
    connect_at_ = steady_clock::now() + kBetweenConnections;
    // Its end waits for its callbacks, and those may wait for room on this thread.
    retiring_.remove_if([](const std::future<void>& ended) {
      return ended.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
    });
    retiring_.push_back(
        std::async(std::launch::async, [closed = std::move(closed)]() mutable { closed.reset(); }));
  }

  void Tick() {
    requests_.Tick();
    for (const auto& stream : streams_) stream->Tick();
    if (connection_ != nullptr || stopping_ || connections_ == 0) return;
    if (connect_at_ && steady_clock::now() >= *connect_at_) {
      connect_at_.reset();
      if (!Connect().ok()) connect_at_ = steady_clock::now() + kBetweenConnections;
    }
  }

  void GiveBack(size_t events, size_t bytes) {
    waiting_events_ -= events;
    waiting_bytes_ -= bytes;
  }

  const JetStreamEventLogOptions options_;
  const std::string name_ = UniqueName();
  const std::string inbox_ = "_INBOX." + name_;
  const std::string tails_ = inbox_ + ".t.";
  const std::string prefix_ = options_.subject_prefix + ".";
  std::atomic<size_t> waiting_events_{0};
  std::atomic<size_t> waiting_bytes_{0};
  std::atomic<bool> stopped_{false};

  // The loop's own.
  NatsRequests requests_{inbox_ + ".r"};
  std::vector<std::unique_ptr<Stream>> streams_;
  absl::flat_hash_map<std::string, Stream*> by_name_;
  std::shared_ptr<NatsConnection> connection_;
  std::atomic<uint64_t> connections_{0};
  std::optional<steady_clock::time_point> connect_at_;
  // Connections that are being destroyed.
  std::list<std::future<void>> retiring_;
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

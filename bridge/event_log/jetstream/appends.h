// Stores what is published: one message in flight for each topic, so that neither a retry
// nor another leader can reorder it. What waits for a topic meanwhile goes together in the
// next message, but for events with a publisher's id: each is a message of its own, because
// the server knows messages by one id. On the log's thread only.
//
// A timeout does not mean "not stored". The callers are answered when their time is up, but
// the topic stays with a message whose outcome is not known: it is sent again, under the same
// id, until the server says that it has it, and nothing else of the topic goes ahead of it. It
// ends before the server's window does, in which it knows ids: a message that was sent later
// could be stored twice. Until then it takes its share of what may wait to be stored, and
// what else is published to the topic waits its own time, and fails.
//
// A publisher that sends such an event again, with its id, joins the message in doubt, and is
// answered with it; under the same id with other content it is refused. (In line behind it,
// events that were sent later could go first.) An event without an id is a new one.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "bridge/event_log/event_log.h"
#include "bridge/event_log/jetstream/append_message.h"
#include "bridge/event_log/jetstream/followers.h"
#include "bridge/event_log/jetstream/jetstream_options.h"
#include "bridge/event_log/jetstream/known_stream.h"
#include "bridge/event_log/jetstream/pending_append.h"
#include "bridge/event_log/jetstream/placing.h"
#include "bridge/event_log/jetstream/seen_ids.h"
#include "bridge/event_log/jetstream/stream_info.h"
#include "bridge/nats/nats_requests.h"

namespace sluice {

class Appends {
 public:
  Appends(const JetStreamEventLogOptions& options, NatsRequests& requests, KnownStream& known,
          const Followers& followers, SeenIds& seen_ids);

  void Use(NatsConnection* connection) { connection_ = connection; }
  // How long the server knows ids, which may be less than is configured.
  void UseWindow(absl::Duration window) {
    window_ = std::min(window, options_.deduplication_window);
  }
  // `done` is called once, on this thread. `room` is held until nothing of it can be stored
  // any more.
  void Add(AppendRequest asked, EventLog::AppendDone done, std::shared_ptr<const void> room);
  // The tail may have come further.
  void Settle() { placing_.Settle(); }
  void Tick();
  void FailAll(const absl::Status& why);

 private:
  using Time = std::chrono::steady_clock::time_point;

  struct Flight {
    uint64_t number = 0;
    std::vector<AppendUnit> units;
    std::vector<AppendUnit> joined;
    AppendMessage message;
    uint32_t attempts = 0;
    bool under_way = false;      // an attempt, now
    bool may_be_stored = false;  // by an earlier one, which was not answered
    Time again_at;
    Time ends_at;
    // When it was sent last.
    StreamOffsets stream;
    uint64_t reached = 0;
  };
  struct Lane {
    std::string topic;
    std::deque<AppendUnit> waiting;
    std::unique_ptr<Flight> flight;
  };
  // Of the lane whose flight it still is.
  using ForFlight = std::function<void(Lane&, const absl::StatusOr<NatsMessage>&)>;

  absl::Status Check(PendingAppend& request) const;
  bool Joins(const Lane& lane, const AppendUnit& unit) const;
  void Start(Lane& lane);
  std::unique_ptr<Flight> TakeNext(Lane& lane);
  void PublishTransient(const AppendUnit& unit);
  NatsRequests::Done WhileInFlight(const Lane& lane, ForFlight then);
  void Send(Lane& lane);
  void Again(Lane& lane);
  void Answered(Lane& lane, const absl::StatusOr<NatsMessage>& answer);
  void Compare(Lane& lane, const Acknowledgement& ack);
  void Compared(Lane& lane, const Acknowledgement& ack, const absl::StatusOr<NatsMessage>& answer);
  void Stored(Lane& lane, const Acknowledgement& ack, bool duplicate);
  void Failed(Lane& lane, const absl::Status& why);
  // `lane` may be gone after this.
  void Continue(Lane& lane);
  // Its time is up, or some of it has failed: what waits of it is let go.
  void LetGo(const std::vector<Event>& events);

  const JetStreamEventLogOptions& options_;
  const std::string kept_prefix_;
  const std::string transient_prefix_;
  NatsRequests& requests_;
  KnownStream& known_;
  SeenIds& seen_ids_;
  Placing placing_;
  NatsConnection* connection_ = nullptr;
  absl::Duration window_ = options_.deduplication_window;
  absl::flat_hash_map<std::string, std::unique_ptr<Lane>> lanes_;
  uint64_t last_flight_ = 0;
  // When their time is up.
  std::multimap<Time, std::weak_ptr<PendingAppend>> expiring_;
};

}  // namespace sluice

// Stores what is published: one message in flight for each topic, so that neither a retry
// nor another leader can reorder it. What waits for a topic meanwhile goes together in the
// next message, but for events with a publisher's id: each is a message of its own, because
// the server knows messages by one id. On the log's thread only.
//
// A timeout does not mean "not stored". A message is sent again under the same id only, and
// within the server's window, until the caller's time is up.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "bridge/event_log/event_log.h"
#include "bridge/event_log/jetstream/followers.h"
#include "bridge/event_log/jetstream/jetstream_options.h"
#include "bridge/event_log/jetstream/seen_ids.h"
#include "bridge/event_log/jetstream/stream_info.h"
#include "bridge/nats/nats_requests.h"

namespace sluice {

class Appends {
 public:
  // `doubt`: the stream may not be the one that is followed.
  Appends(const JetStreamEventLogOptions& options, NatsRequests& requests, Followers& followers,
          SeenIds& seen_ids, std::function<void()> doubt);

  void Use(NatsConnection* connection) { connection_ = connection; }
  // `done` is called once, on this thread.
  void Add(AppendRequest request, EventLog::AppendDone done);
  void Tick();
  void FailAll(const absl::Status& why);

 private:
  using Time = std::chrono::steady_clock::time_point;

  struct Request {
    AppendRequest asked;
    EventLog::AppendDone done;
    std::vector<AppendResult> results;
    size_t open = 0;  // events whose result is not known
    size_t stored = 0;
    absl::Status failure;
    Time until;
  };
  using RequestPtr = std::shared_ptr<Request>;
  struct Unit {
    RequestPtr request;
    size_t index;
    const Event& event() const { return request->asked.events[index]; }
  };
  struct Flight {
    std::vector<Unit> units;
    std::string message_id;
    std::string body;
    NatsHeaders headers;
    uint32_t attempts = 0;
    Time until;
    Time again_at;
    bool waits = false;  // for again_at
  };
  struct Lane {
    std::string topic;
    std::deque<Unit> waiting;
    std::unique_ptr<Flight> flight;
  };

  absl::Status FindDuplicates(Request& request);
  void Start(Lane& lane);
  std::unique_ptr<Flight> TakeNext(Lane& lane) const;
  absl::Status PublishTransient(const Unit& unit);
  void Send(Lane& lane);
  void Answered(Lane& lane, const absl::StatusOr<NatsMessage>& answer);
  void Acknowledged(Lane& lane, const Acknowledgement& ack);
  void Compare(Lane& lane, const Acknowledgement& ack);
  void Stored(Lane& lane, uint64_t sequence, bool duplicate);
  void Failed(Lane& lane, const absl::Status& why);
  void Finish(const RequestPtr& request);
  // `lane` may be gone after this.
  void Continue(Lane& lane);
  void Expire(const RequestPtr& request, const absl::Status& why);

  const JetStreamEventLogOptions& options_;
  const std::string kept_prefix_;
  const std::string transient_prefix_;
  NatsRequests& requests_;
  Followers& followers_;
  SeenIds& seen_ids_;
  const std::function<void()> doubt_;
  NatsConnection* connection_ = nullptr;
  absl::flat_hash_map<std::string, std::unique_ptr<Lane>> lanes_;
  // In the order in which their time is up.
  std::deque<std::weak_ptr<Request>> expiring_;
};

}  // namespace sluice

// Follows a whole stream with one consumer, and makes it anew whenever something is in doubt: a
// message that is missing, a silence, a connection that was away. On the log's thread only.
//
// Begin asks for the stream, then makes a consumer behind what was delivered last, then asks
// for the stream once more: had it been deleted and made anew in between, the consumer would
// wait for a sequence that is far away.
//
// The consumer counts what it sends, so nothing is lost on the way from it. But it leaves out
// what its server does not have. Where the sequences of the stream jump, what came is held
// until the leader has said that it has nothing there either. Then whoever follows any topic is
// told that a message may be missing, and reads on from the log, which knows more.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "bridge/event_log/jetstream/consumers.h"
#include "bridge/event_log/jetstream/followers.h"
#include "bridge/event_log/jetstream/jetstream_options.h"
#include "bridge/event_log/jetstream/known_stream.h"
#include "bridge/event_log/jetstream/seen_ids.h"
#include "bridge/event_log/jetstream/stream_info.h"
#include "bridge/nats/nats_requests.h"

namespace sluice {

class StreamTail {
 public:
  // `told`: OK as often as it follows the stream again, or why it does not.
  StreamTail(const JetStreamEventLogOptions& options, std::string inbox, std::string name,
             NatsRequests& requests, KnownStream& known, Followers& followers, SeenIds& seen_ids,
             std::function<void(absl::Status)> told);

  void Use(NatsConnection* connection) { connection_ = connection; }
  // Somebody follows a topic; connected again; or something is not as it should be.
  void Begin();
  void Away(const absl::Status& why);
  // The stream was made anew.
  void StreamIsAnother();
  // Nobody follows any topic: it forgets its place.
  void End();
  bool running() const { return state_ != State::kEnded; }
  bool following() const { return state_ == State::kFollowing; }
  // What comes next; 0: it has no place.
  uint64_t next_sequence() const { return next_sequence_; }

  // What a consumer of the stream delivered.
  void Take(const NatsMessage& message, const Delivered& from);
  // What came to the inbox itself, or under it.
  void TakeControl(const NatsMessage& message);
  // A transient event, which passes by beside the stream.
  void TakeTransient(const NatsMessage& message);
  // Hands over what was taken.
  void Flush();
  void Tick();

 private:
  enum class State { kEnded, kAway, kOpening, kPausing, kFollowing };
  using Time = std::chrono::steady_clock::time_point;
  struct Held {
    NatsMessage message;
    uint64_t sequence;
    absl::Time time;
  };

  void Opened(const StreamInfo& info);
  void CheckLastDelivered();
  void MakeConsumer();
  void DropConsumer();
  void Confirmed();
  void Failed(const absl::Status& why);
  void Hold(const NatsMessage& message, const Delivered& from);
  void Explain();
  void Explained();
  void Accept(const NatsMessage& message, uint64_t sequence, absl::Time time);
  void Remember(const NatsMessage& message, const std::string& topic, uint64_t sequence,
                absl::Time time);
  void Skip(std::string_view subject, const absl::Status& why);
  // Of this attempt only: an answer that comes after the next has begun is dropped.
  template <typename Answer>
  std::function<void(Answer)> ForThis(std::function<void(const Answer&)> done);

  const JetStreamEventLogOptions& options_;
  const std::string inbox_;
  const std::string name_;
  const std::string kept_prefix_;
  const std::string transient_prefix_;
  NatsRequests& requests_;
  KnownStream& known_;
  Followers& followers_;
  SeenIds& seen_ids_;
  const std::function<void(absl::Status)> told_;
  NatsConnection* connection_ = nullptr;
  DoomedConsumers doomed_;

  State state_ = State::kEnded;
  uint64_t attempt_ = 0;
  uint32_t failures_ = 0;
  Time begin_at_;
  Time heard_at_;
  StreamOffsets offsets_;
  uint64_t next_sequence_ = 0;  // 0: it has no place
  absl::Time last_time_;        // when what was delivered last was stored
  bool last_time_is_known_ = false;
  std::string consumer_;
  std::string deliver_subject_;
  uint64_t consumer_sequence_ = 0;
  // From a jump of the sequences on.
  std::deque<Held> held_;
  std::vector<Followers::Arrival> arrivals_;
  bool moved_ = false;
  uint64_t skipped_ = 0;
  Time next_log_;
};

}  // namespace sluice

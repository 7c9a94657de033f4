// Follows the whole stream with one consumer, and makes it anew whenever something is in
// doubt: a message that is missing, a silence, a connection that was away. On the log's
// thread only.
//
// Begin asks for the stream (and makes it when there is none), then makes a consumer behind
// what was delivered last, then asks for the stream once more: had it been deleted and made
// anew in between, the consumer would wait for a sequence that is far away.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "bridge/event_log/jetstream/followers.h"
#include "bridge/event_log/jetstream/jetstream_options.h"
#include "bridge/event_log/jetstream/seen_ids.h"
#include "bridge/event_log/jetstream/stream_info.h"
#include "bridge/nats/nats_requests.h"

namespace sluice {

class StreamTail {
 public:
  // `told`: OK as often as it follows the stream again, or why it does not.
  StreamTail(const JetStreamEventLogOptions& options, std::string inbox, NatsRequests& requests,
             Followers& followers, SeenIds& seen_ids, std::function<void(absl::Status)> told);

  void Use(NatsConnection* connection) { connection_ = connection; }
  // Connected again, or something is not as it should be.
  void Begin();
  void Away(const absl::Status& why);

  // What came to `inbox`.
  void Take(const NatsMessage& message);
  // A transient event, which passes by beside the stream.
  void TakeTransient(const NatsMessage& message);
  // Hands over what was taken.
  void Flush();
  void Tick();

 private:
  enum class State { kAway, kOpening, kPausing, kFollowing };
  using Time = std::chrono::steady_clock::time_point;

  void AskForStream(bool again);
  void MakeStream();
  void Opened(const StreamInfo& info);
  void MakeConsumer();
  void Confirmed(const StreamInfo& info);
  void Failed(const absl::Status& why);
  void TakeControl(const NatsMessage& message);
  void Remember(const NatsMessage& message, const std::string& topic, const Delivered& from);
  void Skip(std::string_view subject, const absl::Status& why);
  // Of this attempt only: an answer that comes after the next has begun is dropped.
  NatsRequests::Done ForThis(std::function<void(absl::StatusOr<NatsMessage>)> done);

  const JetStreamEventLogOptions& options_;
  const std::string inbox_;
  const std::string kept_prefix_;
  const std::string transient_prefix_;
  NatsRequests& requests_;
  Followers& followers_;
  SeenIds& seen_ids_;
  const std::function<void(absl::Status)> told_;
  NatsConnection* connection_ = nullptr;

  State state_ = State::kAway;
  uint64_t attempt_ = 0;
  uint32_t failures_ = 0;
  Time begin_at_;
  Time heard_at_;
  StreamOffsets offsets_;
  uint64_t next_sequence_ = 0;  // 0: never opened
  std::string consumer_;
  uint64_t consumer_sequence_ = 0;
  std::vector<Followers::Arrival> arrivals_;
  bool moved_ = false;
  uint64_t skipped_ = 0;
  Time next_log_;
};

}  // namespace sluice

// One stream of the log, with all that belongs to it: what is known of it, its tail (while
// somebody follows a topic in it), what is stored in it and read from it. Streams share the
// connection and the thread of the log, and nothing else.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "bridge/event_log/event_log.h"
#include "bridge/event_log/jetstream/appends.h"
#include "bridge/event_log/jetstream/followers.h"
#include "bridge/event_log/jetstream/jetstream_options.h"
#include "bridge/event_log/jetstream/known_stream.h"
#include "bridge/event_log/jetstream/log_health.h"
#include "bridge/event_log/jetstream/seen_ids.h"
#include "bridge/event_log/jetstream/stream_tail.h"
#include "bridge/event_log/jetstream/topic_index.h"
#include "bridge/event_log/jetstream/topic_reads.h"
#include "bridge/nats/nats_requests.h"

namespace sluice {

class Stream {
 public:
  // `options` are those of this stream (OptionsOfStream). `name` is this bridge's own;
  // everything under `inbox` is given to TakeControl.
  Stream(JetStreamEventLogOptions options, Partition partition, const std::string& name,
         const std::string& inbox, NatsRequests& requests);
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  // Any thread.
  const JetStreamEventLogOptions& options() const { return options_; }
  void Start(Tail* tail) { followers_.Start(tail); }
  // Nothing: Want is to be called.
  std::optional<Offset> Follow(std::string_view topic, ShardIndex shard) {
    return followers_.Follow(topic, shard);
  }
  void Unfollow(std::string_view topic, ShardIndex shard) { followers_.Unfollow(topic, shard); }
  Epoch epoch() const { return followers_.epoch(); }
  Offset head() const { return followers_.head(); }
  // Whether it can be written to, as far as is known.
  const LogHealth& health() const { return health_; }
  // The same, and whether it is what it should be, and could be read when that was tried last.
  absl::Status Health() const;
  LogHealth& health() { return health_; }

  // On the log's thread. `connection` may be null.
  void Use(NatsConnection* connection);
  // Connected, once more.
  void Connected();
  void Away(const absl::Status& why);
  // Somebody follows a topic: the tail begins.
  void Want();
  // `room` is held until nothing of it can be stored any more.
  void Append(AppendRequest request, EventLog::AppendDone done, std::shared_ptr<const void> room);
  void Read(ReadRequest request, EventLog::ReadDone done);
  void Take(const NatsMessage& message, const Delivered& from);
  void TakeControl(const NatsMessage& message) { tail_.TakeControl(message); }
  void TakeTransient(const NatsMessage& message) { tail_.TakeTransient(message); }
  void Flush() {
    tail_.Flush();
    appends_.Settle();
  }
  void Tick();
  // Answers everybody, now and from now on.
  void Stop(const absl::Status& why);

 private:
  using Time = std::chrono::steady_clock::time_point;

  void Learned(const StreamInfo& info);
  void Check();
  void Checked(const absl::StatusOr<StreamInfo>& info);
  void CheckTail(uint64_t last_sequence);
  void EndTailWhenUnused();

  const JetStreamEventLogOptions options_;
  LogHealth health_;
  Followers followers_;
  NatsRequests& requests_;
  KnownStream known_;
  SeenIds seen_ids_;
  TopicIndexes indexes_;
  StreamTail tail_;
  Appends appends_;
  TopicReads reads_;
  NatsConnection* connection_ = nullptr;
  // The last read failed, and nothing has shown since that the stream is there.
  std::atomic<bool> reads_fail_{false};
  Time check_at_;
  bool checking_ = false;
  uint32_t checks_failed_ = 0;  // in a row
  // What the check before found, and for how far the tail was made anew.
  uint64_t checked_last_ = 0;
  uint64_t checked_next_ = 0;
  uint64_t begun_for_ = 0;
  // Since when nobody follows any topic.
  std::optional<Time> unused_since_;
  absl::Status stopped_;
};

}  // namespace sluice

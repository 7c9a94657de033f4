// Reads of the log for cursors that are behind their window: bounded in number
// at once, and shared by all cursors that wait for the same one.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "bridge/event_log/event_log.h"
#include "bridge/hub/shared_event.h"

namespace boost::asio {
class io_context;
}

namespace sluice {

class Subscription;

// A stretch of a topic's history. Being read at first, then never changed.
struct Replay {
  std::string topic;
  ReadStart start;
  bool loading = true;
  absl::Status status;
  std::vector<SharedEvent> events;
  Epoch epoch = 0;              // of all offsets
  Offset after = 0;             // where it really begins
  Offset complete_through = 0;  // a cursor at its end has everything up to here
  bool found = true;            // the id it starts after
  std::vector<Subscription*> waiting;
};
using ReplayPtr = std::shared_ptr<Replay>;

// Lives on one shard's thread.
class ReplayQueue {
 public:
  // `wake` is called for every subscription that waited, in the shard's loop.
  ReplayQueue(EventLog& log, boost::asio::io_context& context, uint32_t reads_max,
              std::function<void(Subscription&)> wake);
  ~ReplayQueue();

  // The stretch of `topic` that begins at `start`, read now or found in another
  // cursor's hands. (What the log is to judge is shared only until it is asked: an answer must
  // not be older than the question.) While it is loading, `subscription` waits for it.
  ReplayPtr Read(const std::string& topic, ReadStart start, Subscription& subscription);
  // It does not wait any more.
  static void StopWaiting(Replay& replay, const Subscription& subscription);

 private:
  // The topic; the kind of start; what it names.
  using Key = std::tuple<std::string, size_t, Epoch, Offset>;

  // Nothing: such a read is not shared.
  static std::optional<Key> KeyOf(const std::string& topic, const ReadStart& start);

  void Begin();
  void ShareNoLonger(const Replay& replay);
  void Finish(const ReplayPtr& replay, absl::StatusOr<ReadResult> result);

  EventLog& log_;
  boost::asio::io_context& context_;
  const uint32_t reads_max_;
  const std::function<void(Subscription&)> wake_;
  uint32_t reading_ = 0;
  std::deque<ReplayPtr> queued_;
  absl::flat_hash_map<Key, ReplayPtr> shared_;  // those that others may join
  // Outlives this when a read is still under way.
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace sluice

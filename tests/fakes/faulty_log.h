// A node's view of a distributed log that is as bad as one may be and still keep the
// promises of EventLog: its tail lags behind what was acknowledged and what reads show,
// is interrupted, and goes on with a hole (Lost); its heads are unknown at first; reads fail,
// take their time, overtake one another; appends are refused, or stored and not answered.
//
// No threads and no time: whatever is late happens when it is told to.
#pragma once

#include <bit>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "bridge/event_log/event_log.h"
#include "tests/fakes/chance.h"
#include "tests/fakes/log_leader.h"

namespace sluice {

class FaultyLog final : public EventLog {
 public:
  // How likely each fault is, in a hundred.
  struct Faults {
    uint32_t reads_fail = 0;
    uint32_t reads_wait = 0;     // until AnswerARead
    uint32_t reads_are_old = 0;  // of those that wait: show what was there when they were asked
    uint32_t appends_fail = 0;   // nothing is stored
    uint32_t answers_fail = 0;   // it is stored, and UNAVAILABLE is answered
    bool operator==(const Faults&) const = default;
  };

  // Both outlive it.
  FaultyLog(LogLeader& leader, Chance& chance);

  void SetFaults(const Faults& faults) { faults_ = faults; }
  void SetHealth(absl::Status health) { health_ = std::move(health); }

  // The tail tells of up to `events` more of the partition; what was let go meanwhile makes
  // a hole. Nothing while the head is unknown or the tail interrupted.
  void RunTail(Partition partition, size_t events = SIZE_MAX);
  // The tail stops telling.
  void Interrupt(Partition partition) { views_[partition].interrupted = true; }
  // It goes on where it was, or somewhere before the end, with a hole.
  void Continue(Partition partition) { views_[partition].interrupted = false; }
  void ContinueElsewhere(Partition partition);
  // The partition's head and epoch are known from now on.
  void Reach(Partition partition);
  // They are not known any more; only while nobody follows a topic of it.
  void Forget(Partition partition);
  // Goes round the store: to those whose tail runs.
  void TellTransient(const Event& event);
  // One of the reads that wait, whichever; all of them.
  void AnswerARead();
  void AnswerReads();
  // A node goes down: its reads are answered, with an error.
  void FailReads();

  size_t waiting_reads() const { return reads_.size(); }
  // Nothing is left to tell of the partition.
  bool UpToDate(Partition partition) const;

  void Start(Tail* tail) override { tail_ = tail; }
  void Append(AppendRequest request, AppendDone done) override;
  std::optional<Offset> Follow(std::string_view topic, ShardIndex shard) override;
  void Unfollow(std::string_view topic, ShardIndex shard) override;
  void Read(ReadRequest request, ReadDone done) override;
  Partition PartitionOf(std::string_view topic) const override {
    return leader_.PartitionOf(topic);
  }
  uint32_t partitions() const override { return leader_.partitions(); }
  Epoch epoch(Partition partition) const override { return views_[partition].epoch; }
  Offset head(Partition partition) const override { return views_[partition].head; }
  absl::Duration deduplication_window() const override { return absl::Minutes(2); }
  absl::Status Health(Partition /*partition*/) const override { return health_; }

 private:
  // What the node knows of a partition.
  struct View {
    Epoch epoch = 0;  // 0: nothing
    Offset head = 0;
    bool interrupted = false;
    absl::flat_hash_map<std::string, uint64_t> followers;  // a bit for each shard
  };
  struct WaitingRead {
    ReadRequest request;
    ReadDone done;
    EventId head;                      // of the node, when it was asked
    std::optional<ReadResult> result;  // what it shows, if that is known already
    bool fails = false;
  };

  bool Happens(uint32_t in_a_hundred) { return chance_.UpTo(99) < in_a_hundred; }
  void MoveHead(Partition partition);
  void TellLost(Partition partition);
  void Deliver(View& view, const StoredEventPtr& event);
  void FinishRead(size_t index);
  // Not sure of all that it might be: only of what it shows, and of what the head promised.
  void BeModest(EventId head, ReadResult& result);

  LogLeader& leader_;
  Chance& chance_;
  Tail* tail_ = nullptr;
  Faults faults_;
  absl::Status health_;
  std::vector<View> views_;
  std::vector<WaitingRead> reads_;
};

}  // namespace sluice

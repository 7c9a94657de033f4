// Reads topics' histories, message by message, from the stream's leader: only that one knows
// all that was acknowledged. (A consumer for each read would cost the cluster more than the
// read; replicas may lag.) Every step is tried again for a while. On the log's thread only.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "bridge/event_log/event_log.h"
#include "bridge/event_log/jetstream/jetstream_options.h"
#include "bridge/event_log/jetstream/known_stream.h"
#include "bridge/event_log/jetstream/stream_info.h"
#include "bridge/event_log/jetstream/topic_index.h"
#include "bridge/nats/nats_requests.h"

namespace sluice {

class TopicReads {
 public:
  // `told`: how the reads end, for the log's health.
  TopicReads(const JetStreamEventLogOptions& options, NatsRequests& requests, TopicIndexes& indexes,
             KnownStream& known, std::function<void(absl::Status)> told);

  // `done` is called once, on this thread.
  void Add(ReadRequest request, EventLog::ReadDone done);
  void Tick();
  // Answers everybody, now and from now on.
  void Stop(const absl::Status& why);

 private:
  using Time = std::chrono::steady_clock::time_point;
  struct Read {
    ReadRequest asked;
    EventLog::ReadDone done;
    std::string subject;
    Time until;
    uint32_t attempts = 0;

    StreamOffsets offsets;
    ReadResult result;
    bool from_start = false;  // not behind an offset that somebody names
    Offset after = 0;
    uint64_t next = 1;       // the sequence that is asked for
    uint64_t known = 0;      // what was stored for certain when it was asked for
    uint64_t first = 0;      // sequence of the first message that was found
    uint64_t found = 0;      // so many messages
    uint64_t kept_from = 0;  // the first one that the stream keeps, asked after they were read
    uint64_t most = 0;       // so many it keeps of a topic
    size_t bytes = 0;
    bool at_end = false;
    bool end_is_confirmed = false;
  };
  using ReadPtr = std::shared_ptr<Read>;
  using Step = void (TopicReads::*)(const ReadPtr&);
  struct Again {
    Time at;
    ReadPtr read;
    Step step;
  };

  void BeginWaiting();
  void Begin(const ReadPtr& read);
  void AskForEnd(const ReadPtr& read);
  void EndIs(const ReadPtr& read, const StreamInfo& info);
  void AskForLast(const ReadPtr& read);
  void Locate(const ReadPtr& read);
  void Located(const ReadPtr& read, const TopicIndexes::Entries& entries);
  void ReadAfter(const ReadPtr& read, Offset after);
  void Next(const ReadPtr& read);
  // False: there is room for no more.
  bool Take(Read& read, const StoredBytes& message) const;
  void ConfirmEnd(const ReadPtr& read);
  void AskWhatIsKept(const ReadPtr& read);
  void Keeps(Read& read, const StreamInfo& info) const;
  void Judge(const ReadPtr& read);
  void AskForFirst(const ReadPtr& read);
  void FirstIs(const ReadPtr& read, uint64_t sequence);
  void CountMessages(const ReadPtr& read);
  void Dropped(const ReadPtr& read, uint64_t through_sequence);

  void Failed(const ReadPtr& read, Step step, const absl::Status& why);
  void Finish(const ReadPtr& read, const absl::Status& status);
  void Ask(const ReadPtr& read, Step step, const char* what, const std::string& body,
           std::function<void(const NatsMessage&)> done);
  void AskLeader(const ReadPtr& read, Step step, std::function<void(const StreamInfo&)> done);

  const JetStreamEventLogOptions& options_;
  const std::string kept_prefix_;
  NatsRequests& requests_;
  TopicIndexes& indexes_;
  KnownStream& known_;
  const std::function<void(absl::Status)> told_;
  std::deque<ReadPtr> waiting_;
  absl::flat_hash_set<ReadPtr> reading_;
  std::vector<Again> again_;
  absl::Status stopped_;
};

}  // namespace sluice

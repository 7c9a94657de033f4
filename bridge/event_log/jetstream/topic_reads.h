// Reads topics' histories, message by message, from the stream's leader: only that one knows
// all that was acknowledged. (A consumer for each read would cost the cluster more than the
// read; replicas may lag.) On the log's thread only.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "bridge/event_log/event_log.h"
#include "bridge/event_log/jetstream/followers.h"
#include "bridge/event_log/jetstream/jetstream_options.h"
#include "bridge/event_log/jetstream/stream_info.h"
#include "bridge/event_log/jetstream/topic_index.h"
#include "bridge/nats/nats_requests.h"

namespace sluice {

class TopicReads {
 public:
  TopicReads(const JetStreamEventLogOptions& options, NatsRequests& requests, TopicIndexes& indexes,
             const Followers& followers, std::function<void()> doubt);

  // `done` is called once, on this thread.
  void Add(ReadRequest request, EventLog::ReadDone done);
  void FailAll(const absl::Status& why);

 private:
  struct Read {
    ReadRequest asked;
    EventLog::ReadDone done;
    std::string subject;
    StreamOffsets offsets;
    ReadResult result;
    bool from_start = false;  // not behind an offset that somebody names
    Offset after = 0;
    uint64_t next = 1;   // the sequence that is asked for
    uint64_t first = 0;  // sequence of the first message that was found
    uint64_t found = 0;  // so many messages
    Offset head = 0;     // when `next` was asked for
    size_t bytes = 0;
    bool at_end = false;
  };
  using ReadPtr = std::shared_ptr<Read>;

  void Begin();
  void Locate(const ReadPtr& read);
  void Located(const ReadPtr& read, const std::vector<TopicIndexes::Entry>& entries);
  void ReadAfter(const ReadPtr& read, Offset after);
  void Next(const ReadPtr& read);
  // False: there is room for no more.
  bool Take(Read& read, const StoredBytes& message) const;
  void AskWhatWasDropped(const ReadPtr& read);
  void AskForFirst(const ReadPtr& read);
  void CountMessages(const ReadPtr& read);
  void Dropped(const ReadPtr& read, uint64_t through_sequence);
  void Finish(const ReadPtr& read, const absl::Status& status);

  void Ask(const char* what, const std::string& body,
           std::function<void(absl::StatusOr<NatsMessage>)> done);

  const JetStreamEventLogOptions& options_;
  const std::string kept_prefix_;
  NatsRequests& requests_;
  TopicIndexes& indexes_;
  const Followers& followers_;
  const std::function<void()> doubt_;
  std::deque<ReadPtr> waiting_;
  uint32_t reading_ = 0;
};

}  // namespace sluice

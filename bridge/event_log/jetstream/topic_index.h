// Lists the messages of a topic without their bodies, for reads that begin at the last few
// events or behind a publisher's id: with a consumer that lives for that only. On the log's
// thread only.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "bridge/event_log/jetstream/jetstream_options.h"
#include "bridge/nats/nats_requests.h"

namespace sluice {

class TopicIndexes {
 public:
  struct Entry {
    uint64_t sequence = 0;
    uint32_t events = 1;
    std::string publisher_id;  // its digest; empty: none
  };
  using Done = std::function<void(absl::StatusOr<std::vector<Entry>>)>;

  TopicIndexes(const JetStreamEventLogOptions& options, std::string name, NatsRequests& requests)
      : options_(options), name_(std::move(name)), requests_(requests) {}

  void Use(NatsConnection* connection) { connection_ = connection; }
  void List(const std::string& subject, Done done);
  // False: it was not delivered to one of ours.
  bool Take(const NatsMessage& message);
  void Tick();
  void FailAll(const absl::Status& why);

 private:
  struct Index {
    std::vector<Entry> entries;
    uint64_t asked_for = 0;  // and not yet delivered
    std::chrono::steady_clock::time_point until;
    Done done;
  };

  void Fetch(const std::string& consumer, Index& index);
  void Finish(const std::string& consumer, const absl::Status& status);

  const JetStreamEventLogOptions& options_;
  const std::string name_;
  NatsRequests& requests_;
  NatsConnection* connection_ = nullptr;
  uint64_t last_ = 0;
  absl::flat_hash_map<std::string, std::unique_ptr<Index>> indexes_;
};

}  // namespace sluice

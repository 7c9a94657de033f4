// Lists the messages of a topic without their bodies, for reads that begin at the last few
// events or behind a publisher's id: with a consumer that lives for that only. Who asks for a
// topic that is about to be listed shares its list; so many are listed at once, the others
// wait. On the log's thread only.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "bridge/event_log/jetstream/consumers.h"
#include "bridge/event_log/jetstream/jetstream_options.h"
#include "bridge/event_log/jetstream/stream_info.h"
#include "bridge/nats/nats_requests.h"

namespace sluice {

class TopicIndexes {
 public:
  struct Entry {
    uint64_t sequence = 0;
    uint32_t events = 1;
    std::string publisher_id;  // its digest; empty: none
  };
  using Entries = std::deque<Entry>;
  using Done = std::function<void(const absl::StatusOr<Entries>&)>;

  TopicIndexes(const JetStreamEventLogOptions& options, std::string name, NatsRequests& requests)
      : options_(options),
        name_(std::move(name)),
        requests_(requests),
        doomed_(options.stream, requests) {}

  // Holds everything that was stored by now, but of a topic that has far more messages than it
  // should the newest only. `done` is called once.
  void List(const std::string& subject, Done done);
  // False: it was not delivered to one of ours.
  bool Take(const NatsMessage& message, const Delivered& from);
  void Tick();
  void FailAll(const absl::Status& why);

 private:
  struct Index {
    std::string subject;
    Entries entries;
    uint64_t asked_for = 0;  // and not yet delivered
    uint64_t taken = 0;      // by its own count
    std::chrono::steady_clock::time_point until;
    std::vector<Done> done;
  };
  struct Wanted {
    std::string subject;
    std::vector<Done> done;
  };

  void BeginWaiting();
  void BeginOne(Wanted wanted);
  void Fetch(const std::string& consumer, Index& index);
  void Finish(const std::string& consumer, const absl::Status& status);

  const JetStreamEventLogOptions& options_;
  const std::string name_;
  NatsRequests& requests_;
  DoomedConsumers doomed_;
  uint64_t last_ = 0;
  std::deque<Wanted> waiting_;
  absl::flat_hash_map<std::string, std::unique_ptr<Index>> indexes_;
};

}  // namespace sluice

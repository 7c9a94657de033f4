// Reads one source for as long as it is wanted, and calls its backend again whenever
// the call has ended.
#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "bridge/relay/backoff.h"
#include "bridge/relay/relay.h"
#include "bridge/relay/source_protocol.h"
#include "bridge/relay/stored_call.h"
#include "bridge/relay/timers.h"

namespace sluice {

class SourceRelay : public std::enable_shared_from_this<SourceRelay> {
 public:
  // Of the relay, which outlives the source's calls. (Not the source itself: the hub
  // tells it of subscribers for ever.)
  struct Surroundings {
    RelayContext context;
    const Backends* backends = nullptr;
    StreamingCall::Gate* gate = nullptr;
    std::shared_ptr<Timers> timers;
    Presence* presence = nullptr;
  };

  SourceRelay(SourceOptions options, Surroundings surroundings, uint64_t seed);

  // Has the hub tell it of subscribers, if it wants to know. Before the hub runs.
  void WatchInterest();
  // If it runs always.
  void Start();
  // Any thread.
  Relay::SourceState state() const;

 private:
  class Call;
  using Steady = std::chrono::steady_clock;

  // On the timers' thread, all of them.
  void SetSubscribed(bool subscribed);
  void LingerUntilDeserted(absl::Duration left);
  void Want();
  void Connect(bool looked_up = false);
  void Up();
  void Over(const absl::Status& status, uint64_t stored);
  void Failed(const absl::Status& status, bool was_up);
  void Retry(const absl::Status& why, std::string_view what);
  void LookUpMethod();
  void CloseStreams();

  // Any thread.
  void Stored(const std::vector<Event>& events, uint64_t count);
  void Remember(std::string resume);

  const SourceOptions options_;
  const Surroundings surroundings_;
  const std::unique_ptr<SourceProtocol> protocol_;

  // The timers' thread's.
  Backoff backoff_;
  std::weak_ptr<Call> call_;
  bool wanted_ = false;
  bool subscribed_ = false;
  bool lingering_ = false;      // its timer runs
  bool calling_ = false;        // until Over
  bool waiting_ = false;        // for the next try, or for what the method is
  bool up_ = false;             // the backend has said something
  bool unwanted_ = false;       // the call was cancelled, because nobody listens
  bool failed_before_ = false;  // since it was last up
  Steady::time_point deserted_at_;
  Steady::time_point called_at_;
  Steady::time_point logged_at_;
  std::optional<Steady::time_point> connected_logged_at_;

  mutable std::mutex mutex_;
  // Guarded by mutex_:
  Relay::SourceState state_;
  std::string resume_;
  absl::flat_hash_set<std::string> topics_;  // that it has published to
};

}  // namespace sluice

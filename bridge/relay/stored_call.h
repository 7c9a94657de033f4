// A backend's call whose responses go into the event log: the next is read when
// what came of the last has been stored, so that nothing is lost or changes places
// while the log is away, and memory holds one response.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "bridge/event_log/event_log.h"
#include "bridge/relay/backoff.h"
#include "bridge/relay/streaming_call.h"

namespace sluice {

class Presence;
class SchemaRegistry;
class Timers;
struct Metrics;

// What a stored call needs of its surroundings, which outlive it.
struct StoredCallContext {
  EventLog* log = nullptr;
  SchemaRegistry* schema = nullptr;
  Metrics* metrics = nullptr;
  Timers* timers = nullptr;
  Presence* presence = nullptr;
};

class StoredCall : public StreamingCall::Listener, public std::enable_shared_from_this<StoredCall> {
 public:
  // Whose events they are: for the log, and for log lines ("source", "orders").
  struct Owner {
    std::string kind;
    std::string name;
    std::string principal;
  };

  // Of a response: its events, and how many more there were that are none.
  struct Taken {
    std::vector<Event> events;
    uint64_t skipped = 0;
    absl::Status why_skipped;

    void Skip(absl::Status why) {
      ++skipped;
      why_skipped = std::move(why);
    }
  };

  StoredCall(const StoredCallContext& context, Owner owner);
  ~StoredCall() override;

  // Once. False: the gate is closed; nothing is told.
  bool Begin(StreamingCall::Gate& gate, Backend& backend, const CallRequest& request);
  // OnOver comes soon. Any thread.
  void Cancel();

 protected:
  // On gRPC's threads and others, one at a time; must not block.
  //
  // The backend's first word.
  virtual void OnUp() = 0;
  // With `look_up`, an error that names an unknown type (UnknownTypeOf) has the type
  // looked for, and the same response comes again.
  virtual absl::StatusOr<Taken> Take(const std::string& bytes, bool look_up) = 0;
  virtual void OnStored(const std::vector<Event>& events,
                        const std::vector<AppendResult>& results) = 0;
  // All of a response is stored or skipped. False: no other is wanted; cancels.
  virtual bool OnResponseStored() = 0;
  // Once, after all that came before it is stored.
  virtual void OnOver(absl::Status status) = 0;

  // Appends in order, for as long as it takes; `then` comes when all is stored, on
  // any thread. Not while another is under way.
  void Store(std::vector<Event> events, std::function<void()> then);

 private:
  struct Turn;

  void OnStarted() final { OnUp(); }
  void OnResponse(std::string bytes) final;
  void OnEnd(absl::Status status) final;

  void TakeAndStore(std::string bytes, int look_ups);
  void ReadOn();
  void AppendAll();
  bool Settle(const absl::StatusOr<std::vector<AppendResult>>& result);
  void Skip(uint64_t count, const absl::Status& why);

  const std::shared_ptr<void> present_;  // the last to go
  const StoredCallContext context_;
  const Owner owner_;

  // So that an append whose answer was lost stores them once when it is tried again.
  void GiveIds(std::vector<Event>& events);

  const std::string id_;
  uint64_t numbered_ = 0;  // how many events have an id of it
  // Of what is being stored.
  std::deque<std::vector<Event>> batches_;
  std::function<void()> then_;
  std::unique_ptr<Backoff> backoff_;  // null: the log is there
  absl::Time next_log_;               // a line about what is wrong, not sooner

  std::mutex mutex_;
  // Guarded by mutex_:
  std::shared_ptr<StreamingCall> call_;  // null: not begun, or ended
  bool cancelled_ = false;
  bool busy_ = false;  // a response is being stored
  std::optional<absl::Status> ended_;
};

}  // namespace sluice

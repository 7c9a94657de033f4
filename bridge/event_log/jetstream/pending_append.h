// A request to append: what became of each of its events, and its one answer. On the log's
// thread only.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "bridge/event_log/event_log.h"

namespace sluice {

class PendingAppend {
 public:
  // `room`: what it takes of what may wait to be stored. It is given back when nothing holds
  // the request any more, which may be after its answer.
  PendingAppend(AppendRequest asked, EventLog::AppendDone done, std::shared_ptr<const void> room);

  const std::string& principal() const { return asked_.principal; }
  const std::vector<Event>& events() const { return asked_.events; }
  bool answered() const { return done_ == nullptr; }
  // Nothing more of it is to be sent.
  bool is_over() const { return answered() || !failure_.ok(); }
  bool settled(size_t index) const { return settled_[index]; }

  // An event is on its way: the answer waits for what becomes of it.
  void Sent() { ++on_their_way_; }
  void Settle(size_t index, AppendResult result);
  // Of one on its way.
  void Arrived(size_t index, AppendResult result);
  void Lost(const absl::Status& why);
  // The rest is not to be sent.
  void Fail(const absl::Status& why) { failure_.Update(why); }

  // When all is settled; or, after a failure, when nothing is on its way.
  void AnswerIfDone();
  // Now. What is on its way may still be stored.
  void Answer(const absl::Status& why);

 private:
  const AppendRequest asked_;
  EventLog::AppendDone done_;
  const std::shared_ptr<const void> room_;
  std::vector<AppendResult> results_;
  std::vector<bool> settled_;
  size_t open_;
  size_t on_their_way_ = 0;
  size_t stored_ = 0;  // by this request
  absl::Status failure_;
};

using PendingAppendPtr = std::shared_ptr<PendingAppend>;

// One event of a request.
struct AppendUnit {
  PendingAppendPtr request;
  size_t index = 0;

  const Event& event() const { return request->events()[index]; }
};

}  // namespace sluice

// A call that was made for a request, and what it says before a stream reads it.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "boost/asio/awaitable.hpp"
#include "boost/asio/steady_timer.hpp"
#include "bridge/event/event.h"
#include "bridge/http/sse_session.h"
#include "bridge/relay/call_relay.h"
#include "bridge/relay/calls.h"

namespace sluice {

// On the shard's thread.
class OpenCall final : public CallRelay::Reader {
 public:
  // Makes the call, and asks for its first response.
  OpenCall(Calls& calls, Shard& shard, CallRequest request);

  void OnStarted() override;
  void OnEvent(Event event) override;
  void OnEnd(const absl::Status& status) override;

  // Until the backend has said its first word, or `wait` is over. False: the client is
  // gone from `transport`. What it sends meanwhile is put behind `received`.
  boost::asio::awaitable<bool> FirstWord(Transport& transport, std::string& received,
                                         absl::Duration wait);

  // What came and was not taken yet; whoever takes it asks for the next.
  std::optional<Event> TakeEvent() { return std::exchange(event_, std::nullopt); }
  // How it has ended, if it has; after the event.
  const std::optional<absl::Status>& end() const { return end_; }
  // The error that came instead of a first event, if one did.
  std::optional<absl::Status> EarlyFailure() const {
    return end_ && !end_->ok() && !event_ ? end_ : std::nullopt;
  }
  bool started() const { return started_; }
  CallRelay& relay() { return *relay_; }

 private:
  struct Watch;

  static void WatchClient(std::shared_ptr<Watch> watch);

  std::optional<Event> event_;
  std::optional<absl::Status> end_;
  bool started_ = false;
  std::chrono::steady_clock::time_point speaks_at_;  // with its metadata alone
  boost::asio::steady_timer patience_;
  // Goes first: it tells this no more.
  std::unique_ptr<CallRelay> relay_;
};

}  // namespace sluice

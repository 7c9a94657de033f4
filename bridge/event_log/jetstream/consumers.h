// Consumers that are not needed any more, until the server has said that they are gone. (It
// would forget them by itself, after a while in which they cost what they did before.) On the
// log's thread only.
#pragma once

#include <chrono>
#include <deque>
#include <string>

#include "bridge/nats/nats_requests.h"

namespace sluice {

class DoomedConsumers {
 public:
  DoomedConsumers(std::string stream, NatsRequests& requests)
      : stream_(std::move(stream)), requests_(requests) {}

  void Add(std::string consumer);
  // Asks the server, and again until it says so.
  void Tick();

 private:
  void Ask();

  const std::string stream_;
  NatsRequests& requests_;
  std::deque<std::string> consumers_;
  bool asking_ = false;
  std::chrono::steady_clock::time_point ask_at_;
};

}  // namespace sluice

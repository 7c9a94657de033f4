// Questions to NATS and their answers, told apart by where the answer goes. On one thread
// only: its owner's Loop.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "bridge/nats/nats_connection.h"

namespace sluice {

class NatsRequests {
 public:
  using Done = std::function<void(absl::StatusOr<NatsMessage>)>;

  // Answers go to subjects under `inbox` (`_INBOX.<UniqueName()>.x`): the connection's owner
  // has it hear `INBOX.*`, and gives Take what comes there.
  explicit NatsRequests(std::string inbox) : inbox_(std::move(inbox)) {}

  void Use(NatsConnection* connection) { connection_ = connection; }

  // `done` is called once, not before this returns. UNAVAILABLE: nobody was there, so nothing
  // was done; DEADLINE_EXCEEDED: no answer came, and what was asked for may have been done.
  void Send(const std::string& subject, const NatsHeaders& headers, std::string_view body,
            absl::Duration patience, Done done);
  // False: no answer to a question of ours that still waits.
  bool Take(const NatsMessage& message);
  // Ends the wait of those whose time is up.
  void Tick();
  // No answer will come: with `why`, but DEADLINE_EXCEEDED for what was sent.
  void FailAll(const absl::Status& why);

 private:
  struct Waiting {
    std::chrono::steady_clock::time_point until;
    absl::Status failed;
    Done done;
  };
  const std::string inbox_;
  NatsConnection* connection_ = nullptr;
  uint64_t last_ = 0;
  absl::flat_hash_map<uint64_t, Waiting> waiting_;
};

}  // namespace sluice

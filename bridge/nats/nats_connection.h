// The one file pair that knows libnats: a connection that comes back by itself, what is
// published on it, and what is heard.
//
// In libnats 3.4 a subscription that is destroyed while messages arrive takes the process
// with it. So one that has ended is destroyed only when libnats has said that it has handed over
// its last message; and few come and go: every answer travels to one inbox, for ever.
//
// Whoever in a process needs NATS opens a connection of its own, with its own subjects and
// callbacks: they share nothing that one could take from another, and a slow reader holds up
// nobody else. (One thing is shared inside of libnats: one thread of the process calls every
// connection's `connected`, `disconnected` and `closed`, so these hand over and return.) Most
// own a Loop for what arrives, and NatsRequests for questions and their answers.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "bridge/nats/nats_options.h"

namespace sluice {

// What came from a subscription. Cheap to copy.
class NatsMessage {
 public:
  // `message` is libnats' own, and is destroyed with the last copy.
  explicit NatsMessage(void* message);

  std::string_view subject() const;
  std::string_view reply() const;
  std::string_view data() const;
  // Empty: none of that name.
  std::string_view header(const char* name) const;
  // Of messages that servers make: 503 nobody is there, 100 a heartbeat. 0: none.
  int status() const;

 private:
  std::shared_ptr<void> message_;
};

using NatsHeaders = std::vector<std::pair<std::string, std::string>>;

class NatsConnection {
 public:
  // All are called on threads of libnats, and not on two at once for messages of one subject.
  // None may destroy the connection. `connected` does not come for a connection that was there
  // when Open returned: ask IsConnected then.
  struct Callbacks {
    // May wait: what comes meanwhile is kept, up to a bound, and dropped past it.
    std::function<void(NatsMessage)> message;
    std::function<void()> connected;
    std::function<void()> disconnected;
    // It will not come back (the server refused the credentials twice).
    std::function<void(std::string why)> closed;
  };

  // Hears what is published to `subjects` (which may end in wildcards), from then on and
  // whenever it is back. Options that no server is needed to refuse are INVALID_ARGUMENT.
  // That nobody is there is none: it keeps trying.
  static absl::StatusOr<std::unique_ptr<NatsConnection>> Open(
      const NatsOptions& options, const std::vector<std::string>& subjects, Callbacks callbacks);
  virtual ~NatsConnection() = default;

  // Any thread. `reply` may be empty. RESOURCE_EXHAUSTED: it is larger than the server takes.
  virtual absl::Status Publish(const std::string& subject, const std::string& reply,
                               const NatsHeaders& headers, std::string_view data) = 0;
  // Hears a subject more, until Unsubscribe or the connection's end. `subject` is not heard yet.
  // Calls of these two come one after the other.
  virtual absl::Status Subscribe(const std::string& subject) = 0;
  virtual void Unsubscribe(const std::string& subject) = 0;
  virtual bool IsConnected() const = 0;
  // It will not come back: `closed` was called, or is about to be. It may be so when Open
  // returns.
  virtual bool IsClosed() const = 0;
  // What the server takes in one message; 0: not known.
  virtual int64_t MaxPayload() const = 0;
};

// A name that no other process has, for inboxes and consumers.
std::string UniqueName();

}  // namespace sluice

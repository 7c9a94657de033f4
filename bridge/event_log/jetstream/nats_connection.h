// The one file pair that knows libnats: a connection that comes back by itself, what is
// published on it, and two kinds of subscriptions that live as long as it does.
//
// In libnats 3.4 a subscription that is destroyed while messages arrive takes the process
// with it. So none comes or goes: every answer travels to one inbox, for ever.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "bridge/event_log/jetstream/jetstream_options.h"

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
  // All are called on threads of libnats.
  struct Callbacks {
    std::function<void(NatsMessage)> message;
    std::function<void()> connected;
    std::function<void()> disconnected;
    // It will not come back (the server refused the credentials twice).
    std::function<void(std::string why)> closed;
  };

  // Options that no server is needed to refuse are INVALID_ARGUMENT. That nobody is there
  // is none: it keeps trying.
  static absl::StatusOr<std::unique_ptr<NatsConnection>> Open(
      const NatsOptions& options, const std::vector<std::string>& subjects, Callbacks callbacks);
  virtual ~NatsConnection() = default;

  // Any thread. `reply` may be empty. RESOURCE_EXHAUSTED: it is larger than the server takes.
  virtual absl::Status Publish(const std::string& subject, const std::string& reply,
                               const NatsHeaders& headers, std::string_view data) = 0;
  virtual bool IsConnected() const = 0;
  // What the server takes in one message; 0: not known.
  virtual int64_t MaxPayload() const = 0;
};

// A name that no other process has, for inboxes and consumers.
std::string UniqueName();

}  // namespace sluice

// What a route calls: a server-streaming method of a backend.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"

namespace sluice {

// An event that the bridge itself sends. `data` is JSON text whose strings may hold
// ${code}, ${message} and ${now}.
struct EventTemplate {
  std::string event;
  std::string data;
};

struct CallPolicy {
  enum class Mode { kPerRequest, kOnDemand } mode = Mode::kPerRequest;
  // What a client gets that comes back in the middle of a per-request stream.
  enum class Resume { kRestart, kRefuse } resume = Resume::kRestart;

  std::string backend;
  std::string method;  // "acme.chat.v1.Assistant/Ask"
  // JSON text of the request message, whose strings may hold {capture},
  // {query.NAME}, {body.NAME} and {subject}. Nothing: fields by their names.
  std::optional<std::string> request;
  std::vector<std::string> headers;                           // in lower case
  std::vector<std::pair<std::string, std::string>> metadata;  // the bridge's own
  absl::Duration deadline = absl::InfiniteDuration();
  absl::Duration header_wait = absl::Seconds(2);
  absl::Duration linger = absl::Seconds(10);
  std::optional<EventTemplate> done;
  EventTemplate error{"error", "{\"code\":\"${code}\",\"message\":\"${message}\"}"};
};

}  // namespace sluice

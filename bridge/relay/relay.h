// The bridge as a client of backends: its sources, the calls that routes make, and
// the backends' reflection.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "bridge/event/event_id.h"
#include "bridge/relay/call_relay.h"
#include "bridge/relay/call_request.h"

namespace sluice {

class Clock;
class EventLog;
class Hub;
class Ingest;
class JsonTranscoder;
class SchemaRegistry;
class Shard;
struct Metrics;

struct BackendOptions {
  std::string name;
  std::string address;  // "host:port" or "unix:/path"
  bool reflection = true;
  uint32_t response_bytes_max = 4 * 1024 * 1024;
};

// The string fields by which a backend resumes.
struct SourceResume {
  std::string response_field;
  std::string request_field;
};

struct SourceOptions {
  enum class Start { kAlways, kSubscribed } start = Start::kAlways;
  enum class OnError { kKeep, kClose } on_error = OnError::kKeep;

  std::string name;
  std::string backend;
  std::string method = "sluice.v1.EventSource/Watch";
  std::string topic;           // empty: EventSource's events name their own
  std::string request = "{}";  // JSON
  absl::Duration linger = absl::Seconds(10);
  absl::Duration backoff_min = absl::Milliseconds(200);
  absl::Duration backoff_max = absl::Seconds(10);
  absl::Duration deadline = absl::InfiniteDuration();
  std::optional<SourceResume> resume;
  std::vector<std::pair<std::string, std::string>> metadata;
};

struct RelayOptions {
  std::vector<BackendOptions> backends;
  std::vector<SourceOptions> sources;
};

// Everything outlives the relay.
struct RelayContext {
  Hub* hub = nullptr;
  EventLog* log = nullptr;
  SchemaRegistry* schema = nullptr;
  const JsonTranscoder* transcoder = nullptr;
  const Ingest* ingest = nullptr;
  const Clock* clock = nullptr;
  Metrics* metrics = nullptr;
};

// To read a topic that an on-demand call feeds.
struct Joined {
  // The position before the call's first event: where a reader without an id
  // starts, so that it gets the whole answer.
  EventId starts_at;
  // The call goes on while anybody holds it, and for `linger` after.
  std::shared_ptr<void> lease;
};

// Thread-safe.
class Relay {
 public:
  Relay(RelayOptions options, RelayContext context);
  ~Relay();

  // Asks the backends for their types, then starts the sources that run always. The
  // hub runs. Does not block.
  void Start();
  // Cancels every call and waits for their ends; nothing is started any more. The
  // hub still runs.
  void Stop();

  // A call for one client. On the shard's thread; the relay lives there.
  std::unique_ptr<CallRelay> Call(Shard& shard, CallRequest request, CallRelay::Reader& reader);

  using JoinDone = std::function<void(absl::StatusOr<Joined>)>;
  // A place at the call that feeds `topic`, started by whoever comes first. `done`
  // comes once, on any thread, possibly before this returns: at once when the call
  // runs, else with the backend's first word, or after `wait`, or with the failure
  // that came before it (nothing was published then). Every later end of the call is
  // an event of the topic that ends the stream: `policy.done`, `policy.error`, or a
  // bare end. `policy` outlives the relay.
  void Join(std::string topic, const CallPolicy& policy, CallRequest request, absl::Duration wait,
            JoinDone done);
  // The same, but only if the call runs already.
  std::optional<Joined> JoinRunning(const std::string& topic);

  struct SourceState {
    std::string name;
    bool connected = false;
    uint64_t events = 0;
    uint64_t failures = 0;
    std::string last_error;
  };
  std::vector<SourceState> sources() const;
  // Calls open now, for statistics.
  uint64_t calls() const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace sluice

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
#include "bridge/access/client_tls_options.h"
#include "bridge/relay/calls.h"

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
  std::optional<ClientTlsOptions> tls;
  bool reflection = true;
  uint32_t response_bytes_max = 4 * 1024 * 1024;
};

// The string fields by which a backend resumes.
struct SourceResume {
  std::string response_field;
  std::string request_field;
};

inline constexpr char kWatchMethod[] = "sluice.v1.EventSource/Watch";

struct SourceOptions {
  enum class Start { kAlways, kSubscribed } start = Start::kAlways;
  enum class OnError { kKeep, kClose } on_error = OnError::kKeep;

  std::string name;
  std::string backend;
  std::string method = kWatchMethod;
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

// Thread-safe.
class Relay final : public Calls {
 public:
  Relay(RelayOptions options, RelayContext context);
  ~Relay() override;

  // Asks the backends for their types, then starts the sources that run always. The
  // hub runs. Does not block.
  void Start();
  // Cancels every call and waits for their ends; nothing is started any more. The
  // hub still runs.
  void Stop();

  std::unique_ptr<CallRelay> Call(Shard& shard, CallRequest request,
                                  CallRelay::Reader& reader) override;
  void Join(std::string topic, const CallPolicy& policy, CallRequest request, absl::Duration wait,
            JoinDone done) override;
  std::optional<Joined> JoinRunning(const std::string& topic) override;

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

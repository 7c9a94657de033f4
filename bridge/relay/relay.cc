#include "bridge/relay/relay.h"

#include <random>

#include "bridge/relay/backend_schemas.h"
#include "bridge/relay/backends.h"
#include "bridge/relay/per_request_call.h"
#include "bridge/relay/presence.h"
#include "bridge/relay/source_relay.h"
#include "bridge/relay/streaming_call.h"
#include "bridge/relay/timers.h"
#include "bridge/relay/topic_calls.h"

namespace sluice {

struct Relay::Parts {
  Parts(RelayOptions options, const RelayContext& with)
      : context(with), backends(std::move(options.backends)) {
    if (context.schema != nullptr) schemas.emplace(backends, *context.schema);
    std::random_device seed;
    for (SourceOptions& source : options.sources) {
      sources.push_back(std::make_shared<SourceRelay>(
          std::move(source),
          SourceRelay::Surroundings{context, &backends, &gate, timers, &presence}, seed()));
      sources.back()->WatchInterest();
    }
  }

  const RelayContext context;
  Backends backends;  // whose channels end last
  std::optional<BackendSchemas> schemas;
  StreamingCall::Gate gate;
  const std::shared_ptr<Timers> timers = std::make_shared<Timers>();
  Presence presence;  // of calls, and of what they wait for
  std::vector<std::shared_ptr<SourceRelay>> sources;
  TopicCalls topic_calls{{context, &backends, &gate, timers.get(), &presence}};
};

Relay::Relay(RelayOptions options, RelayContext context)
    : parts_(std::make_unique<Parts>(std::move(options), context)) {}

Relay::~Relay() { Stop(); }

void Relay::Start() {
  if (parts_->schemas) parts_->schemas->Start();
  parts_->timers->Start();
  for (const auto& source : parts_->sources) source->Start();
}

// Calls end first, then what would begin new ones; at last all that was still told of
// them, by the event log and others.
void Relay::Stop() {
  if (parts_->schemas) parts_->schemas->Stop();
  parts_->topic_calls.Close();
  parts_->gate.Close();
  parts_->timers->Stop();
  parts_->topic_calls.Clear();
  parts_->presence.Wait();
}

std::unique_ptr<CallRelay> Relay::Call(Shard& shard, CallRequest request,
                                       CallRelay::Reader& reader) {
  Backend* backend = parts_->backends.Find(request.backend);
  return StartPerRequestCall(parts_->context, parts_->gate, backend, shard, std::move(request),
                             reader);
}

void Relay::Join(std::string topic, const CallPolicy& policy, CallRequest request,
                 absl::Duration wait, JoinDone done) {
  parts_->topic_calls.Join(std::move(topic), policy, std::move(request), wait, std::move(done));
}

std::optional<Joined> Relay::JoinRunning(const std::string& topic) {
  return parts_->topic_calls.JoinRunning(topic);
}

std::vector<Relay::SourceState> Relay::sources() const {
  std::vector<SourceState> states;
  for (const auto& source : parts_->sources) states.push_back(source->state());
  return states;
}

uint64_t Relay::calls() const { return parts_->gate.open(); }

}  // namespace sluice

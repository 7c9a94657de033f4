// The message in which events are stored, and what a server takes in one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "bridge/event/event.h"
#include "bridge/event_log/jetstream/jetstream_options.h"
#include "bridge/nats/nats_connection.h"

namespace sluice {

struct AppendMessage {
  std::string id;  // Nats-Msg-Id
  NatsHeaders headers;
  std::string body;
};

// Of events that travel together. `id`: of the message; `publisher_id`: of its one event, or
// empty.
AppendMessage MakeMessage(std::string id, std::string_view publisher_id,
                          const std::vector<std::string>& records,
                          const JetStreamEventLogOptions& options);

// How many bytes of records go into one message of a server that takes `max_payload` (0: not
// known), headers included.
size_t RecordBytesMax(int64_t max_payload, const JetStreamEventLogOptions& options);
// What a record takes of that.
size_t BytesInMessage(const std::string& record);

// RESOURCE_EXHAUSTED names the first event that is too large even alone.
absl::Status CheckSizes(const std::vector<Event>& events, int64_t max_payload,
                        const JetStreamEventLogOptions& options);

}  // namespace sluice

// Which of several streams a topic lives in. Every bridge must say the same, in every version:
// what a topic's stream is called is stored nowhere.
#pragma once

#include <cstdint>
#include <string_view>

#include "bridge/event_log/jetstream/jetstream_options.h"

namespace sluice {

// FNV-1a, 64 bits, of the topic's first `by_segments` segments with the slashes between them
// (0: of the whole topic), modulo `streams`.
uint32_t StreamOfTopic(std::string_view topic, uint32_t streams, uint32_t by_segments);

// The options as they are for one stream of several: `STREAM_2`, under `PREFIX.2`. With one
// stream, what they are.
JetStreamEventLogOptions OptionsOfStream(const JetStreamEventLogOptions& options, uint32_t stream);

}  // namespace sluice

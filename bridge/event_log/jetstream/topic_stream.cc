#include "bridge/event_log/jetstream/topic_stream.h"

#include "absl/strings/str_cat.h"

namespace sluice {
namespace {

constexpr uint64_t kFnvBasis = 0xcbf29ce484222325;
constexpr uint64_t kFnvPrime = 0x100000001b3;

}  // namespace

uint32_t StreamOfTopic(std::string_view topic, uint32_t streams, uint32_t by_segments) {
  if (streams <= 1) return 0;
  uint64_t hash = kFnvBasis;
  uint32_t slashes = 0;
  for (const char c : topic) {
    if (c == '/' && ++slashes == by_segments) break;
    hash = (hash ^ static_cast<unsigned char>(c)) * kFnvPrime;
  }
  return static_cast<uint32_t>(hash % streams);
}

JetStreamEventLogOptions OptionsOfStream(const JetStreamEventLogOptions& options, uint32_t stream) {
  JetStreamEventLogOptions one = options;
  if (options.streams > 1) {
    absl::StrAppend(&one.stream, "_", stream);
    absl::StrAppend(&one.subject_prefix, ".", stream);
  }
  return one;
}

}  // namespace sluice

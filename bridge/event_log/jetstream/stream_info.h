// What JetStream's API says, in its JSON: of a stream, a consumer, a message.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "bridge/event_log/jetstream/jetstream_options.h"
#include "bridge/event_log/jetstream/stream_settings.h"

namespace sluice {

struct StreamInfo {
  absl::Time created;
  uint64_t first_sequence = 1;  // one past the last, when nothing is kept
  uint64_t last_sequence = 0;
  // Of the one subject that was asked for.
  uint64_t subject_messages = 0;
  uint64_t replicas = 1;
  StreamSettings settings;
};

// The subjects under which kept and transient events travel.
std::string KeptPrefix(const JetStreamEventLogOptions& options);
std::string TransientPrefix(const JetStreamEventLogOptions& options);

// Errors are those of api_error.h; UNAVAILABLE: what was said makes no sense.
absl::StatusOr<StreamInfo> ParseStreamInfo(std::string_view answer,
                                           const JetStreamEventLogOptions& options);
// Of any answer: what kind of error it is.
absl::Status ParseError(std::string_view answer);

struct StoredBytes {
  std::string subject;
  uint64_t sequence = 0;
  std::string headers;  // as they travel: "NATS/1.0\r\nName: value\r\n"
  std::string body;
  absl::Time time = absl::InfinitePast();  // when it was stored; this: it does not say
};
absl::StatusOr<StoredBytes> ParseMessage(std::string_view answer);

struct Acknowledgement {
  uint64_t sequence = 0;
  bool duplicate = false;
};
absl::StatusOr<Acknowledgement> ParseAcknowledgement(std::string_view answer);

// How many messages the consumer has for us.
absl::StatusOr<uint64_t> ParsePending(std::string_view answer);

// Where a message that a consumer delivers says that it comes from: its reply subject.
struct Delivered {
  std::string_view stream;
  std::string_view consumer;
  uint64_t stream_sequence = 0;
  uint64_t consumer_sequence = 0;
  absl::Time time;
  uint64_t pending = 0;
};
absl::StatusOr<Delivered> ParseDelivered(std::string_view reply);

}  // namespace sluice

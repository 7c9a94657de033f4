#include "bridge/event_log/jetstream/stream_info.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "bridge/base/text.h"
#include "bridge/event_log/jetstream/api_error.h"

namespace sluice {
namespace {

using Json = nlohmann::json;

// Of JetStream's error codes, those that mean something to us.
constexpr int kStreamNotFound = 10059;

Json Parse(std::string_view text) { return Json::parse(text, nullptr, false); }

// Never throws, whatever is there.
uint64_t Number(const Json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_number()) return 0;
  return found->is_number_unsigned() ? found->get<uint64_t>() : 0;
}

std::string Text(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

const Json& Member(const Json& object, const char* key) {
  static const Json kNothing = Json::object();
  if (!object.is_object()) return kNothing;
  const auto found = object.find(key);
  return found != object.end() ? *found : kNothing;
}

absl::Status ErrorOf(const Json& answer) {
  if (!answer.is_object()) return absl::UnavailableError("NATS: its answer is no JSON object");
  const auto found = answer.find("error");
  if (found == answer.end()) return absl::OkStatus();
  const Json& error = *found;
  if (!error.is_object()) return absl::UnavailableError("NATS: its answer is an error");
  return StatusOfApiError(Number(error, "code"), Number(error, "err_code"),
                          Text(error, "description"));
}

}  // namespace

std::string KeptPrefix(const JetStreamEventLogOptions& options) {
  return options.subject_prefix + ".kept";
}

std::string TransientPrefix(const JetStreamEventLogOptions& options) {
  return options.subject_prefix + ".transient";
}

absl::Status ParseError(std::string_view answer) { return ErrorOf(Parse(answer)); }

absl::StatusOr<StreamInfo> ParseStreamInfo(std::string_view answer,
                                           const JetStreamEventLogOptions& options) {
  const Json json = Parse(answer);
  if (absl::Status error = ErrorOf(json); !error.ok()) return error;
  StreamInfo info;
  std::string why;
  if (!absl::ParseTime(absl::RFC3339_full, Text(json, "created"), &info.created, &why)) {
    return absl::UnavailableError(absl::StrCat("NATS: created: ", why));
  }
  const Json& state = Member(json, "state");
  info.first_sequence = std::max<uint64_t>(Number(state, "first_seq"), 1);
  info.last_sequence = Number(state, "last_seq");
  if (Number(state, "messages") == 0) info.first_sequence = info.last_sequence + 1;
  const Json& subjects = Member(state, "subjects");
  if (subjects.is_object()) {
    for (const auto& [subject, messages] : subjects.items()) {
      if (messages.is_number_unsigned()) info.subject_messages += messages.get<uint64_t>();
    }
  }
  const Json& configuration = Member(json, "config");
  info.replicas = std::max<uint64_t>(Number(configuration, "num_replicas"), 1);
  if (configuration.is_object()) info.settings = CompareSettings(configuration.dump(), options);
  return info;
}

absl::StatusOr<StoredBytes> ParseMessage(std::string_view answer) {
  const Json json = Parse(answer);
  if (absl::Status error = ErrorOf(json); !error.ok()) {
    const Json& code = Member(Member(json, "error"), "err_code");
    if (code == kStreamNotFound) return absl::UnavailableError(error.message());
    return error;
  }
  const Json& message = Member(json, "message");
  StoredBytes stored;
  stored.subject = Text(message, "subject");
  stored.sequence = Number(message, "seq");
  const std::string headers = Text(message, "hdrs");
  if (stored.sequence == 0 || !absl::Base64Unescape(Text(message, "data"), &stored.body) ||
      !absl::Base64Unescape(headers, &stored.headers)) {
    return absl::UnavailableError("NATS: its answer holds no message");
  }
  std::string why;
  absl::ParseTime(absl::RFC3339_full, Text(message, "time"), &stored.time, &why);
  return stored;
}

absl::StatusOr<Acknowledgement> ParseAcknowledgement(std::string_view answer) {
  const Json json = Parse(answer);
  if (absl::Status error = ErrorOf(json); !error.ok()) return error;
  const Acknowledgement ack{Number(json, "seq"), Member(json, "duplicate") == true};
  if (ack.sequence == 0) return absl::UnavailableError("NATS: its answer is no acknowledgement");
  return ack;
}

absl::StatusOr<uint64_t> ParsePending(std::string_view answer) {
  const Json json = Parse(answer);
  if (absl::Status error = ErrorOf(json); !error.ok()) return error;
  return Number(json, "num_pending");
}

// $JS.ACK.<stream>.<consumer>.<deliveries>.<stream sequence>.<consumer sequence>.<time>.<pending>,
// behind ACK in newer servers <domain>.<account>, and at the end a random token.
absl::StatusOr<Delivered> ParseDelivered(std::string_view reply) {
  const std::vector<absl::string_view> tokens = absl::StrSplit(AsAbsl(reply), '.');
  const size_t at = tokens.size() == 9 ? 2 : 4;
  if ((tokens.size() != 9 && tokens.size() < 11) || tokens[0] != "$JS" || tokens[1] != "ACK") {
    return absl::InvalidArgumentError("is no delivery of a consumer");
  }
  Delivered delivered;
  delivered.stream = {tokens[at].data(), tokens[at].size()};
  delivered.consumer = {tokens[at + 1].data(), tokens[at + 1].size()};
  int64_t nanoseconds = 0;
  if (!absl::SimpleAtoi(tokens[at + 3], &delivered.stream_sequence) ||
      !absl::SimpleAtoi(tokens[at + 4], &delivered.consumer_sequence) ||
      !absl::SimpleAtoi(tokens[at + 5], &nanoseconds) ||
      !absl::SimpleAtoi(tokens[at + 6], &delivered.pending)) {
    return absl::InvalidArgumentError("is no delivery of a consumer");
  }
  delivered.time = absl::FromUnixNanos(nanoseconds);
  return delivered;
}

}  // namespace sluice

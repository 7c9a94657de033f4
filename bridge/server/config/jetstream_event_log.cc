#include "bridge/server/config/jetstream_event_log.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "bridge/event/topic.h"
#include "bridge/server/config/nats.h"
#include "bridge/server/config/setting_checks.h"
#include "sluice/config/v1/config.pb.h"

namespace sluice {
namespace {

constexpr uint32_t kStreamsMax = 64;

// A name that NATS takes: for a stream, or as a token of a subject.
void SetNatsName(const std::string& name, const std::string& path, std::string* out,
                 Findings* findings) {
  if (name.empty()) return;
  *out = name;
  const bool plain = std::all_of(name.begin(), name.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_';
  });
  if (!plain) findings->Error(path, "holds more than letters, digits, '-' and '_'");
}

void SetStreams(const config::v1::JetstreamEventLog& jetstream, const std::string& path,
                JetStreamEventLogOptions* options, Findings* findings) {
  SetNatsName(jetstream.stream(), path + "stream", &options->stream, findings);
  SetNatsName(jetstream.subject_prefix(), path + "subject_prefix", &options->subject_prefix,
              findings);
  SetNumber(jetstream.has_streams(), jetstream.streams(), path + "streams", &options->streams,
            findings, kStreamsMax);
  options->stream_by_segments = jetstream.stream_by_segments();
  if (options->stream_by_segments > kTopicSegmentsMax) {
    findings->Error(path + "stream_by_segments", absl::StrCat("is at most ", kTopicSegmentsMax));
  } else if (options->stream_by_segments > 0 && options->streams == 1) {
    findings->Error(path + "stream_by_segments", "is of no use without several streams");
  }
  SetNumber(jetstream.has_replicas(), jetstream.replicas(), path + "replicas", &options->replicas,
            findings);
  // (An even number bears no more losses than the odd one below it, at the price of one more.)
  if (options->replicas > 5 ||
      (jetstream.has_replicas() && jetstream.replicas() != 0 && options->replicas % 2 == 0)) {
    findings->Error(path + "replicas", "is 1, 3 or 5");
  }
}

}  // namespace

JetStreamEventLogOptions BuildJetStream(const config::v1::JetstreamEventLog& jetstream,
                                        const std::string& folder, Findings* findings) {
  JetStreamEventLogOptions options;
  const std::string path = "event_log.jetstream.";
  if (!SLUICE_JETSTREAM) {
    findings->Error("event_log.jetstream",
                    "is not built in: build with libnats-dev and SLUICE_JETSTREAM=ON");
    return options;
  }
  SetNats(jetstream, folder, path, &options.nats, findings);
  SetStreams(jetstream, path, &options, findings);
  SetNumber(jetstream.has_events_per_topic(), jetstream.events_per_topic(),
            path + "events_per_topic", &options.events_per_topic, findings);
  SetNumber(jetstream.has_total_bytes(), jetstream.total_bytes(), path + "total_bytes",
            &options.total_bytes, findings, INT64_MAX);
  SetTime(jetstream.has_max_age(), jetstream.max_age(), path + "max_age", &options.max_age,
          findings);
  SetTime(jetstream.has_deduplication_window(), jetstream.deduplication_window(),
          path + "deduplication_window", &options.deduplication_window, findings);
  SetNumber(jetstream.has_deduplication_ids(), jetstream.deduplication_ids(),
            path + "deduplication_ids", &options.deduplication_ids, findings);
  SetTime(jetstream.has_append_timeout(), jetstream.append_timeout(), path + "append_timeout",
          &options.append_timeout, findings);
  SetNumber(jetstream.has_queue_bytes(), jetstream.queue_bytes(), path + "queue_bytes",
            &options.queue_bytes, findings);
  if (options.deduplication_window < 2 * options.append_timeout) {
    findings->Error(path + "append_timeout",
                    "is at most half of deduplication_window: what is sent again must be known");
  }
  if (options.max_age < options.deduplication_window) {
    findings->Error(path + "deduplication_window", "is at most max_age");
  }
  return options;
}

}  // namespace sluice

#include "bridge/server/config/jetstream_event_log.h"

#include <algorithm>
#include <filesystem>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "bridge/base/read_file.h"
#include "bridge/event/topic.h"
#include "bridge/server/config/setting_checks.h"
#include "sluice/config/v1/config.pb.h"

namespace sluice {
namespace {

constexpr uint32_t kStreamsMax = 64;

// What stands in a file, without the line break that editors put at its end.
std::string ReadSecret(const std::string& file, const std::string& folder, const std::string& path,
                       Findings* findings) {
  if (file.empty()) return "";
  absl::StatusOr<std::string> secret = ReadFile(std::filesystem::path(folder) / file, 4096);
  if (!secret.ok()) {
    findings->Error(path, std::string(secret.status().message()));
    return "";
  }
  return std::string(absl::StripTrailingAsciiWhitespace(*secret));
}

void SetNatsCredentials(const config::v1::JetstreamEventLog& jetstream, const std::string& folder,
                        const std::string& path, NatsOptions* nats, Findings* findings) {
  const auto in_folder = [&](const std::string& file) {
    return file.empty() ? file : (std::filesystem::path(folder) / file).string();
  };
  nats->credentials_file = in_folder(jetstream.credentials_file());
  nats->nkey = jetstream.nkey();
  nats->nkey_seed_file = in_folder(jetstream.nkey_seed_file());
  nats->user = jetstream.user();
  nats->password = ReadSecret(jetstream.password_file(), folder, path + "password_file", findings);
  nats->token = ReadSecret(jetstream.token_file(), folder, path + "token_file", findings);
  const int kinds = (nats->credentials_file.empty() ? 0 : 1) + (nats->nkey.empty() ? 0 : 1) +
                    (nats->user.empty() ? 0 : 1) + (jetstream.token_file().empty() ? 0 : 1);
  if (kinds > 1) {
    findings->Error("event_log.jetstream",
                    "has more than one of credentials_file, nkey, user and token_file");
  }
  if (nats->nkey.empty() != nats->nkey_seed_file.empty()) {
    findings->Error(path + "nkey", "and nkey_seed_file go together");
  }
  if (nats->user.empty() != jetstream.password_file().empty()) {
    findings->Error(path + "user", "and password_file go together");
  }
  if (!jetstream.has_tls()) return;
  const config::v1::NatsTls& tls = jetstream.tls();
  nats->tls = true;
  nats->tls_ca_file = in_folder(tls.ca_file());
  nats->tls_certificate_file = in_folder(tls.certificate_file());
  nats->tls_key_file = in_folder(tls.key_file());
  nats->tls_server_name = tls.server_name();
  if (tls.ca_file().empty()) findings->Error(path + "tls.ca_file", "is required");
  if (tls.server_name().empty()) findings->Error(path + "tls.server_name", "is required");
  if (tls.certificate_file().empty() != tls.key_file().empty()) {
    findings->Error(path + "tls.certificate_file", "and key_file go together");
  }
}

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

void SetServers(const config::v1::JetstreamEventLog& jetstream, const std::string& path,
                NatsOptions* nats, Findings* findings) {
  nats->servers.assign(jetstream.servers().begin(), jetstream.servers().end());
  if (nats->servers.empty()) findings->Error(path + "servers", "is required");
  for (size_t i = 0; i < nats->servers.size(); ++i) {
    const std::string& server = nats->servers[i];
    const std::string at = absl::StrCat(path, "servers[", i, "]");
    const size_t scheme_ends = server.find("://");
    const std::string scheme =
        scheme_ends == std::string::npos ? "nats" : server.substr(0, scheme_ends);
    // (What stands there is not repeated: it may be a secret.)
    if (absl::StrContains(server, '@')) {
      findings->Error(at,
                      "holds credentials, which would be logged: they have keys of their own "
                      "(user and password_file, token_file)");
    } else if (server.empty() || (scheme != "nats" && scheme != "tls")) {
      findings->Error(at, "is not of the form nats://host:4222 or tls://host:4222");
    } else if (scheme == "tls" && !jetstream.has_tls()) {
      findings->Error(at, "needs event_log.jetstream.tls");
    }
  }
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
  SetServers(jetstream, path, &options.nats, findings);
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
  SetNatsCredentials(jetstream, folder, path, &options.nats, findings);
  return options;
}

}  // namespace sluice

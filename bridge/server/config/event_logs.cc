#include "bridge/server/config/event_logs.h"

#include <algorithm>
#include <filesystem>

#include "absl/strings/ascii.h"
#include "bridge/base/read_file.h"
#include "bridge/server/config/setting_checks.h"
#include "sluice/config/v1/config.pb.h"

namespace sluice {
namespace {

MemoryEventLogOptions BuildMemory(const config::v1::MemoryEventLog& memory, Findings* findings) {
  MemoryEventLogOptions options;
  const std::string path = "event_log.memory.";
  SetNumber(memory.has_events_per_topic(), memory.events_per_topic(), path + "events_per_topic",
            &options.events_per_topic, findings);
  SetNumber(memory.has_total_bytes(), memory.total_bytes(), path + "total_bytes",
            &options.total_bytes, findings);
  SetTime(memory.has_max_age(), memory.max_age(), path + "max_age", &options.max_age, findings);
  SetTime(memory.has_deduplication_window(), memory.deduplication_window(),
          path + "deduplication_window", &options.deduplication_window, findings);
  SetNumber(memory.has_deduplication_ids(), memory.deduplication_ids(), path + "deduplication_ids",
            &options.deduplication_ids, findings);
  return options;
}

RocksdbEventLogOptions BuildRocksdb(const config::v1::RocksdbEventLog& rocksdb,
                                    const std::string& folder, Findings* findings) {
  RocksdbEventLogOptions options;
  const std::string path = "event_log.rocksdb.";
  if (!SLUICE_ROCKSDB) {
    findings->Error("event_log.rocksdb",
                    "is not built in: build with librocksdb-dev and SLUICE_ROCKSDB=ON");
    return options;
  }
  if (rocksdb.path().empty()) findings->Error(path + "path", "is required: the log's folder");
  options.path = std::filesystem::path(folder) / rocksdb.path();
  SetWord(rocksdb.sync(), path + "sync",
          {{"always", Durability::kAlways},
           {"interval", Durability::kInterval},
           {"never", Durability::kNever}},
          &options.sync, findings);
  SetTime(rocksdb.has_sync_interval(), rocksdb.sync_interval(), path + "sync_interval",
          &options.sync_interval, findings);
  if (rocksdb.has_sync_interval() && options.sync != Durability::kInterval) {
    findings->Error(path + "sync_interval", "is of no use without sync: interval");
  }
  SetNumber(rocksdb.has_events_per_topic(), rocksdb.events_per_topic(), path + "events_per_topic",
            &options.events_per_topic, findings);
  SetNumber(rocksdb.has_total_bytes(), rocksdb.total_bytes(), path + "total_bytes",
            &options.total_bytes, findings);
  SetTime(rocksdb.has_max_age(), rocksdb.max_age(), path + "max_age", &options.max_age, findings);
  SetTime(rocksdb.has_deduplication_window(), rocksdb.deduplication_window(),
          path + "deduplication_window", &options.deduplication_window, findings);
  SetNumber(rocksdb.has_deduplication_ids(), rocksdb.deduplication_ids(),
            path + "deduplication_ids", &options.deduplication_ids, findings);
  SetNumber(rocksdb.has_queue_bytes(), rocksdb.queue_bytes(), path + "queue_bytes",
            &options.queue_bytes, findings);
  options.verify_checksums = rocksdb.verify_checksums();
  return options;
}

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

JetStreamEventLogOptions BuildJetStream(const config::v1::JetstreamEventLog& jetstream,
                                        const std::string& folder, Findings* findings) {
  JetStreamEventLogOptions options;
  const std::string path = "event_log.jetstream.";
  if (!SLUICE_JETSTREAM) {
    findings->Error("event_log.jetstream",
                    "is not built in: build with libnats-dev and SLUICE_JETSTREAM=ON");
    return options;
  }
  options.nats.servers.assign(jetstream.servers().begin(), jetstream.servers().end());
  if (jetstream.servers().empty()) findings->Error(path + "servers", "is required");
  SetNatsName(jetstream.stream(), path + "stream", &options.stream, findings);
  SetNatsName(jetstream.subject_prefix(), path + "subject_prefix", &options.subject_prefix,
              findings);
  SetNumber(jetstream.has_replicas(), jetstream.replicas(), path + "replicas", &options.replicas,
            findings, 5);
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

}  // namespace

EventLogOptions BuildEventLog(const config::v1::EventLog& event_log, const std::string& folder,
                              Findings* findings) {
  if (event_log.has_rocksdb()) return BuildRocksdb(event_log.rocksdb(), folder, findings);
  if (event_log.has_jetstream()) return BuildJetStream(event_log.jetstream(), folder, findings);
  return BuildMemory(event_log.memory(), findings);
}

}  // namespace sluice

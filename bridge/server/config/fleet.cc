#include "bridge/server/config/fleet.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "bridge/base/utf8.h"
#include "bridge/server/config/nats.h"
#include "sluice/config/v1/config.pb.h"

namespace sluice {
namespace {

constexpr size_t kNameBytesMax = 128;
constexpr size_t kSubjectBytesMax = 128;
// Where an answer may live for ever, and beyond what is kept, all streams are asked about again.
constexpr absl::Duration kRevocationsKeptMax = absl::Hours(1);
constexpr absl::Duration kRevocationsKeptMin = absl::Minutes(1);

void SetName(const std::string& name, FleetOptions* options, Findings* findings) {
  options->name = name;
  if (name.size() > kNameBytesMax || HasControlCharacter(name)) {
    findings->Error("fleet.name", absl::StrCat("is longer than ", kNameBytesMax,
                                               " bytes or holds control characters"));
  }
}

bool IsToken(std::string_view token) {
  return !token.empty() && std::all_of(token.begin(), token.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_';
  });
}

void SetSubject(const std::string& subject, FleetOptions* options, Findings* findings) {
  if (subject.empty()) return;
  options->subject = subject;
  const std::vector<std::string> tokens = absl::StrSplit(subject, '.');
  if (subject.size() > kSubjectBytesMax || !std::all_of(tokens.begin(), tokens.end(), IsToken)) {
    findings->Error("fleet.subject",
                    "is not made of letters, digits, '-', '_', and dots between them");
  }
}

// An answer lives so long at most.
absl::Duration AnswersLive(const StandingPolicy& standing) {
  return standing.max_age == absl::ZeroDuration() ? absl::InfiniteDuration()
                                                  : standing.max_age + standing.grace;
}

}  // namespace

std::optional<FleetOptions> BuildFleet(const config::v1::Config& config,
                                       const EventLogOptions& event_log,
                                       const StandingPolicy& standing, const std::string& folder,
                                       Findings* findings) {
  const auto* jetstream = std::get_if<JetStreamEventLogOptions>(&event_log);
  const config::v1::Fleet& fleet = config.fleet();
  if (!config.has_fleet() && jetstream == nullptr) return std::nullopt;
  if (!SLUICE_FLEET) {
    if (config.has_fleet()) {
      findings->Error("fleet", "is not built in: build with libnats-dev and SLUICE_FLEET=ON");
    }
    return std::nullopt;
  }
  FleetOptions options;
  if (jetstream != nullptr) {
    options.nats = jetstream->nats;
    options.subject = jetstream->subject_prefix + ".fleet";
  }
  SetName(fleet.name(), &options, findings);
  SetSubject(fleet.subject(), &options, findings);
  if (fleet.has_nats()) {
    options.nats = {};
    SetNats(fleet.nats(), folder, "fleet.nats.", &options.nats, findings);
  } else if (jetstream == nullptr) {
    findings->Error("fleet.nats.servers", "is required where event_log is not jetstream");
  }
  options.revocations_kept =
      std::clamp(AnswersLive(standing), kRevocationsKeptMin, kRevocationsKeptMax);
  return options;
}

}  // namespace sluice

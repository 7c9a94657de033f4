#include "bridge/server/config/frame_policies.h"

#include <algorithm>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "bridge/base/utf8.h"
#include "bridge/server/config/durations.h"
#include "bridge/server/config/value_json.h"
#include "sluice/config/v1/route.pb.h"

namespace sluice {
namespace {

constexpr size_t kTypeBytesMax = 128;
constexpr absl::Duration kHeartbeatIntervalMin = absl::Milliseconds(100);

bool SameRule(const FrameRule& a, const FrameRule& b) {
  return a.type == b.type && a.event == b.event && a.data == b.data && a.json == b.json &&
         a.type_key == b.type_key;
}

bool SameView(const FrameView& a, const FrameView& b) {
  return a.ids == b.ids && a.event_line == b.event_line && a.retry_line == b.retry_line &&
         std::equal(a.rules.begin(), a.rules.end(), b.rules.begin(), b.rules.end(), SameRule);
}

bool SameHeartbeat(const HeartbeatPolicy& a, const HeartbeatPolicy& b) {
  return a.interval == b.interval && a.event == b.event && a.data == b.data;
}

// The pointer of `all` whose value is the same, added when there is none.
template <typename T, typename Same>
std::shared_ptr<const T> Shared(T value, Same same, std::vector<std::shared_ptr<const T>>* all) {
  for (const auto& known : *all) {
    if (same(*known, value)) return known;
  }
  return all->emplace_back(std::make_shared<const T>(std::move(value)));
}

void CheckRule(const config::v1::FrameRule& rule, const std::string& path, Findings* findings) {
  if (rule.type().empty()) findings->Error(path + ".type", "is required");
  CheckEventType(rule.type(), path + ".type", findings);
  CheckEventType(rule.event(), path + ".event", findings);
  if (rule.text().find_first_of(std::string("\r\0", 2)) != std::string::npos) {
    findings->Error(path + ".text", "must not hold a carriage return or NUL");
  }
  if (rule.has_text() + rule.has_json() + !rule.type_key().empty() > 1) {
    findings->Error(path, "only one of `text`, `json` and `type_key` can be set");
  }
  if (rule.has_json()) {
    const auto parsed = FrameTemplate::Parse(ValueToJson(rule.json()));
    if (!parsed.ok()) findings->Error(path + ".json", std::string(parsed.status().message()));
  }
}

// Checked before. What does not change is kept as text, to be sent as it is.
void SetJson(const std::string& json, FrameRule* rule) {
  auto parsed = FrameTemplate::Parse(json);
  if (!parsed.ok()) return;
  if (parsed->is_constant()) {
    rule->data = json;
  } else {
    rule->json = *std::move(parsed);
  }
}

IdLine IdsOf(const config::v1::Frames& frames) {
  if (frames.ids() == "publisher") return IdLine::kPublisher;
  return frames.ids() == "off" ? IdLine::kOff : IdLine::kLog;
}

}  // namespace

void CheckEventType(const std::string& type, const std::string& path, Findings* findings) {
  if (type.size() > kTypeBytesMax || HasControlCharacter(type)) {
    findings->Error(path, absl::StrCat("is at most ", kTypeBytesMax,
                                       " bytes without line breaks or other control characters"));
  }
}

void CheckConnect(const config::v1::Connect& connect, const std::string& path, Findings* findings) {
  CheckEventType(connect.event(), path + ".event", findings);
}

void CheckHeartbeat(const config::v1::Heartbeat& heartbeat, const std::string& path,
                    Findings* findings) {
  CheckEventType(heartbeat.event(), path + ".event", findings);
  const absl::Duration interval = ToAbsl(heartbeat.interval());
  if (interval > absl::ZeroDuration() && interval < kHeartbeatIntervalMin) {
    findings->Error(path + ".interval",
                    absl::StrCat("is ", absl::FormatDuration(kHeartbeatIntervalMin),
                                 " or more, or 0s for none"));
  }
  for (const char* variable : {"${subject}", "${topics}"}) {
    if (heartbeat.has_data() && absl::StrContains(ValueToJson(heartbeat.data()), variable)) {
      findings->Error(path + ".data",
                      absl::StrCat("cannot hold ", variable, ": streams share heartbeats"));
    }
  }
}

void CheckFrames(const config::v1::Frames& frames, const std::string& path, Findings* findings) {
  const std::set<std::string> kinds = {"", "log", "publisher", "off"};
  if (!kinds.contains(frames.ids())) {
    findings->Error(path + ".ids",
                    absl::StrCat("\"", frames.ids(), "\" is none of: log, publisher, off"));
  }
  std::set<std::string> types;
  for (int i = 0; i < frames.rules_size(); ++i) {
    const std::string rule = absl::StrCat(path, ".rules[", i, "]");
    CheckRule(frames.rules(i), rule, findings);
    if (!types.insert(frames.rules(i).type()).second) {
      findings->Error(rule + ".type", "has a rule already");
    }
  }
}

void CheckRetry(const google::protobuf::Duration& retry, const std::string& path,
                Findings* findings) {
  if (ToAbsl(retry) > absl::Hours(24)) findings->Error(path, "is at most 24h");
}

ConnectPolicy MakeConnect(const config::v1::Connect& connect) {
  ConnectPolicy policy;
  if (connect.has_enabled()) policy.enabled = connect.enabled();
  if (!connect.event().empty()) policy.event = connect.event();
  if (connect.has_data()) policy.data = ValueToJson(connect.data());
  return policy;
}

std::shared_ptr<const HeartbeatPolicy> FramePolicies::Heartbeat(
    const config::v1::Heartbeat& heartbeat) {
  HeartbeatPolicy policy;
  if (heartbeat.has_interval()) policy.interval = ToAbsl(heartbeat.interval());
  policy.event = heartbeat.event();
  if (heartbeat.has_data()) policy.data = ValueToJson(heartbeat.data());
  return Shared(std::move(policy), SameHeartbeat, &heartbeats_);
}

FrameViewPtr FramePolicies::View(const config::v1::Frames& frames) {
  FrameView view;
  view.ids = IdsOf(frames);
  if (frames.has_event_line()) view.event_line = frames.event_line();
  if (frames.has_retry_line()) view.retry_line = frames.retry_line();
  for (const config::v1::FrameRule& config : frames.rules()) {
    FrameRule& rule = view.rules.emplace_back();
    rule.type = config.type();
    if (!config.event().empty()) rule.event = config.event();
    if (config.has_text()) rule.data = config.text();
    if (config.has_json()) SetJson(ValueToJson(config.json()), &rule);
    rule.type_key = config.type_key();
  }
  if (view.IsDefault()) return nullptr;
  return Shared(std::move(view), SameView, &views_);
}

}  // namespace sluice

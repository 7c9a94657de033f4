// A route: a URL and the policy of the streams that are read there. Built whole
// from the configuration, then never changed.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "bridge/event/event_filter.h"
#include "bridge/event/frame_view.h"
#include "bridge/route/call_policy.h"
#include "bridge/route/path_template.h"
#include "bridge/route/request_target.h"

namespace sluice {

// Where a stream without an id starts.
struct StreamStart {
  enum class Kind { kLatest, kEarliest, kLast } kind = Kind::kLatest;
  uint32_t last = 0;
};
// "latest", "earliest", "last 20". INVALID_ARGUMENT says what is allowed.
absl::StatusOr<StreamStart> ParseStreamStart(std::string_view text);

// What a refusal "for now" looks like (429, 503).
enum class RefusalStyle { kAuto, kStream, kStatus };

struct ConnectPolicy {
  bool enabled = true;
  std::string event = "connect";
  // JSON text, may hold ${now}, ${subject}, ${topics} inside strings. Empty:
  // {"topics": [...]}.
  std::string data;
};

// Compared by address: streams of one policy share each heartbeat's frame.
struct HeartbeatPolicy {
  absl::Duration interval = absl::Seconds(15);  // zero: none
  std::string event;                            // empty: a comment
  std::string data = "{}";                      // may hold ${now}
};

struct Route {
  PathTemplate path;
  std::vector<std::string> topics;  // templates; empty: the `topic` parameters
  std::map<std::string, std::vector<std::string>> capture_values;
  std::vector<std::pair<std::string, std::string>> filter;  // values are templates
  bool is_public = false;
  StreamStart start;
  RefusalStyle refusal = RefusalStyle::kAuto;
  bool cors = true;
  ConnectPolicy connect;
  std::shared_ptr<const HeartbeatPolicy> heartbeat;
  std::optional<uint32_t> retry_ms;
  // An outage of the event log that lasts longer is told to its streams.
  absl::Duration log_unavailable_after = absl::InfiniteDuration();
  EventTemplate error = CallPolicy().error;  // the bridge's own errors
  FrameViewPtr view;
  bool get = true;    // and HEAD
  bool post = false;  // only with `call`
  std::optional<CallPolicy> call;
  std::string authorizer;  // by the name that it is built under; empty: the default one
  // For documents.
  std::vector<std::string> messages;  // full names or "acme.chat.v1.*"; empty: see config
  std::string description;
};

// What a request asks for, by its route.
struct RouteMatch {
  const Route* route = nullptr;
  Captures captures;
};

// The topics of a request: templates filled with captures and {query.NAME};
// {subject} stays. INVALID_ARGUMENT names the parameter that is missing or the
// topic that cannot be.
absl::StatusOr<std::vector<std::string>> TopicsOf(const RouteMatch& match,
                                                  const RequestTarget& target);
// Whether {subject} stands in its filter or in what it calls a backend with.
bool FillsSubjectBesideTopics(const Route& route);
// The filter of a request; null: none.
absl::StatusOr<Attributes> FilterOf(const RouteMatch& match, const RequestTarget& target);

}  // namespace sluice

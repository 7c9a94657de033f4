// A request for a stream on its way: read, counted, put to the authorizer,
// granted. Every step may refuse; the first that does decides.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "bridge/access/authorizer.h"
#include "bridge/access/stream_access.h"
#include "bridge/event_log/event_log.h"
#include "bridge/http/call_session.h"
#include "bridge/http/http_services.h"
#include "bridge/http/refusal.h"
#include "bridge/http/request_head.h"
#include "bridge/http/topic_session.h"
#include "bridge/route/request_target.h"
#include "bridge/route/route.h"

namespace sluice {

// All arguments outlive it.
class StreamRequest {
 public:
  StreamRequest(HttpServices& services, const RequestHead& head, const RequestTarget& target,
                const RouteMatch& match, const Peer& peer);

  // What is asked for, from the request alone.
  std::optional<Refusal> Read();
  // Counts it against the bounds on sessions.
  std::optional<Refusal> Admit();
  std::variant<AuthorizationRequest, Refusal> Question();
  // What the answer makes of it.
  std::optional<Refusal> Apply(const Decision& decision);

  // After every wait: the bridge may have begun to drain.
  std::optional<Refusal> CheckDraining() const;
  // Right before it is granted, in the same step in which its session begins: that, and
  // whether what allowed it was taken back meanwhile. (From then on the hub finds it.)
  std::optional<Refusal> CheckStill() const;

  const std::string& last_event_id() const { return spec_.last_event_id; }
  const std::vector<std::string>& topics() const { return spec_.topics; }
  const EventFilterPtr& filter() const { return spec_.filter; }
  const std::string& subject() const { return subject_; }

  // The head of the stream's response.
  Response StreamHead() const;
  // Once; hand everything over.
  TopicStream Grant();
  CallStream GrantCall(std::unique_ptr<OpenCall> call);
  // From here on, instead of where the client asked.
  void StartAt(std::string event_id) { spec_.last_event_id = std::move(event_id); }

 private:
  absl::StatusOr<std::vector<std::string>> ReadTopics() const;
  std::optional<Refusal> ReadLastEventId();
  SseSessionInit Session();

  HttpServices& services_;
  const RequestHead& head_;
  const RequestTarget& target_;
  const RouteMatch& match_;
  const Peer& peer_;
  SubscriptionSpec spec_;
  Attributes filter_;
  std::string subject_;
  Standing::Question question_;  // null: none was needed
  uint64_t asked_at_ = 0;        // of the revocations
  std::unique_ptr<StreamAccess> access_;
  std::vector<SessionBound::Lease> leases_;
};

}  // namespace sluice

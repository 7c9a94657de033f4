// A request that is not granted, and what its client is told.
#pragma once

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "bridge/base/reason.h"
#include "bridge/http/response.h"
#include "bridge/route/route.h"

namespace sluice {

struct Refusal {
  Reason reason = Reason::kBadRequest;
  int status = 400;
  std::string detail;  // what was wrong and what to do; holds no credential
  std::vector<std::string> denied_topics = {};
  std::string cause = {};  // for the log alone
  bool close = false;      // the connection cannot go on
  // From when on it will be granted, if nothing else comes; zero: nobody knows.
  absl::Duration retry_after = {};

  // Asking again later may help.
  bool for_now() const { return status == 429 || status == 503; }
};

struct RefusalForm {
  RefusalStyle style = RefusalStyle::kAuto;
  bool from_event_source = false;  // the request looks like a browser's EventSource
};

// Problem details (RFC 9457). But a native EventSource gives up for good on any
// status other than 200: a refusal that is only for now tells it, in a stream
// of its own, when to come back.
Response ToResponse(const Refusal& refusal, RefusalForm form);

}  // namespace sluice

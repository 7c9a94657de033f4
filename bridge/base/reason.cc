#include "bridge/base/reason.h"

namespace sluice {

std::string_view ReasonName(Reason reason) {
  switch (reason) {
    case Reason::kClientLeft:
      return "client_left";
    case Reason::kClientError:
      return "client_error";
    case Reason::kClientSentBytes:
      return "client_sent_bytes";
    case Reason::kEndOfStream:
      return "end_of_stream";
    case Reason::kExpired:
      return "expired";
    case Reason::kStalled:
      return "stalled";
    case Reason::kDraining:
      return "draining";
    case Reason::kLogFailed:
      return "log_failed";
    case Reason::kDisconnected:
      return "disconnected";
    case Reason::kBackendFailed:
      return "backend_failed";
    case Reason::kTlsFailed:
      return "tls_failed";
    case Reason::kBadRequest:
      return "bad_request";
    case Reason::kUnauthenticated:
      return "unauthenticated";
    case Reason::kForbidden:
      return "forbidden";
    case Reason::kNotFound:
      return "not_found";
    case Reason::kMethodNotAllowed:
      return "method_not_allowed";
    case Reason::kNotAcceptable:
      return "not_acceptable";
    case Reason::kTooLarge:
      return "too_large";
    case Reason::kTooManySessions:
      return "too_many_sessions";
    case Reason::kTooFast:
      return "too_fast";
    case Reason::kAuthorizerAway:
      return "authorizer_away";
    case Reason::kEnded:
      return "ended";
    case Reason::kNotResumable:
      return "not_resumable";
    case Reason::kCount:
      break;
  }
  return "unknown";
}

}  // namespace sluice

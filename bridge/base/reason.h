// Why a request was refused or a stream was closed: named once, used as log
// field, as metric label and in the documents.
#pragma once

#include <cstddef>
#include <string_view>

namespace sluice {

enum class Reason {
  // Closings.
  kClientLeft,       // the client closed its side
  kClientError,      // the socket failed
  kClientSentBytes,  // more than 4 KiB arrived after the stream began
  kEndOfStream,      // every topic of the stream has ended
  kExpired,          // the authorizer's answer has run out
  kStalled,          // the socket refused bytes for too long
  kDraining,         // the bridge is shutting down (a refusal too)
  kLogFailed,        // the event log could not be read
  kDisconnected,     // an operator, or what the authorizer took back, ended it
  kBackendFailed,    // a backend that the stream is read from failed (a refusal too)
  // Refusals (those of access end running streams, too).
  kTlsFailed,        // the TLS handshake did not come to its end
  kBadRequest,       // malformed
  kUnauthenticated,  // no credential, or not a good one
  kForbidden,        // a good credential without the right
  kNotFound,         // no such route, or a capture's value is not allowed
  kMethodNotAllowed,
  kNotAcceptable,    // the client does not take text/event-stream
  kTooLarge,         // header, target or body past its bound
  kTooManySessions,  // a bound on sessions was passed
  kTooFast,          // a bound on new sessions was passed
  kAuthorizerAway,   // the authorizer could not answer: fail closed
  kEnded,            // 204: the stream had ended and nothing has come since
  kNotResumable,     // 409: the stream cannot be gone on with, by its route
  kCount,
};

inline constexpr size_t kReasonCount = static_cast<size_t>(Reason::kCount);

// "client_left", "authorizer_away": lower case, for labels and log fields.
std::string_view ReasonName(Reason reason);

}  // namespace sluice

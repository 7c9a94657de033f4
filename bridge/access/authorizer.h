// Who may do what. The bridge asks for every subscription, again and again while it
// runs, and, when configured, for every publish.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "bridge/event/attributes.h"
#include "bridge/event/field_masks.h"

namespace sluice {

enum class Action { kSubscribe, kPublish, kReadStats, kAdminister, kReflect };

// The request that somebody wants to do it by, without anything that is a credential.
struct RequestLine {
  std::string method;  // "GET"; "POST" for a gRPC call
  // With its query, but for credentials and what a client resumes by:
  // "/v1/conversation/42?kind=typing", "/sluice.v1.Publisher/Publish".
  std::string path;
  std::string host;
  std::string scheme;  // "http" or "https"
};

struct AuthorizationRequest {
  Action action = Action::kSubscribe;
  std::vector<std::string> topics;  // may hold "{subject}"
  std::string credential;           // empty: none was sent; never logged
  // Empty but where it is one of `Wants`:
  std::map<std::string, std::string> headers;  // lower case
  std::string peer_address;
  std::vector<std::string> certificate_names;  // of the client's verified TLS certificate
  absl::Time certificate_expires_at = absl::InfiniteFuture();
  RequestLine request;

  // Not told: that "{subject}" stands in more of what is wanted than its topics.
  bool fills_subject = false;
  // Not a part of the question: an answer that was given before this will not do.
  absl::Time answered_after = absl::InfinitePast();
};

// What an authorizer wants to know beside action, topics and credential. (It is not told
// anything else, so that equal questions can be answered together.)
struct Wants {
  std::vector<std::string> headers;  // in lower case
  bool peer_address = false;
  bool certificate_names = false;
  bool request = false;
};

struct Decision {
  // kError: could not answer. Fail closed.
  enum class Verdict { kAllow, kUnauthenticated, kForbidden, kError };

  Verdict verdict = Verdict::kError;
  std::string reason;
  std::string subject;
  // When the answer ends, and is to be asked for again.
  absl::Time expires_at = absl::InfiniteFuture();
  // When the credential itself ends: no grace goes past that. Not before `expires_at`.
  absl::Time credential_expires_at = absl::InfiniteFuture();
  Attributes attributes;                 // imposed on the subscription
  std::vector<std::string> event_types;  // only these; empty: all
  FieldMasksPtr masks;                   // what is left of payloads
  std::vector<std::string> denied_topics;
  // It will never be another one: not to be asked for again.
  bool lasting = false;

  bool allowed() const { return verdict == Verdict::kAllow; }
};

// Thread-safe.
class Authorizer {
 public:
  using Done = std::function<void(Decision)>;

  virtual ~Authorizer() = default;
  // `done` is called exactly once, on any thread, possibly before this returns. What is
  // still open when the authorizer is destroyed is answered before that ends.
  virtual void Authorize(AuthorizationRequest request, Done done) = 0;

  virtual const Wants& wants() const = 0;
};

}  // namespace sluice

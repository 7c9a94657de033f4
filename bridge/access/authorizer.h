// Who may do what. The bridge asks for every subscription, and, when
// configured, for every publish.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "bridge/event/event.h"

namespace sluice {

enum class Action { kSubscribe, kPublish, kReadStats, kAdminister };

struct AuthorizationRequest {
  Action action = Action::kSubscribe;
  std::vector<std::string> topics;             // may hold "{subject}"
  std::string credential;                      // empty: none was sent; never logged
  std::map<std::string, std::string> headers;  // lower case; those `headers()` names
  std::string peer_address;                    // empty unless `wants_peer_address()`
};

struct Decision {
  // kError: could not answer. Fail closed.
  enum class Verdict { kAllow, kUnauthenticated, kForbidden, kError };

  Verdict verdict = Verdict::kError;
  std::string reason;
  std::string subject;
  absl::Time expires_at = absl::InfiniteFuture();
  Attributes attributes;                 // imposed on the subscription
  std::vector<std::string> event_types;  // only these; empty: all
  std::vector<std::string> denied_topics;

  bool allowed() const { return verdict == Verdict::kAllow; }
};

// Thread-safe.
class Authorizer {
 public:
  using Done = std::function<void(Decision)>;

  virtual ~Authorizer() = default;
  // `done` is called exactly once, on any thread, possibly before this returns.
  virtual void Authorize(AuthorizationRequest request, Done done) = 0;

  // Which request headers it wants, in lower case.
  virtual const std::vector<std::string>& headers() const = 0;
  virtual bool wants_peer_address() const = 0;
};

}  // namespace sluice

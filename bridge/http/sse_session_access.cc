// A stream's access while it runs: asked about again in the background, and taken back.
#include <utility>

#include "boost/asio/post.hpp"
#include "bridge/base/clock.h"
#include "bridge/event/masked_views.h"
#include "bridge/http/authorization.h"
#include "bridge/http/sse_session.h"
#include "bridge/http/stream_frames.h"

namespace sluice {

// The answer may come when the session is gone, on any thread, at once.
void SseSession::AskAgain() {
  access_->authorizer.Authorize(
      access_->standing.question(),
      [weak = weak_from_this(), &context = shard_.context()](Decision decision) {
        boost::asio::post(context, [weak, decision = std::move(decision)] {
          const auto self = weak.lock();
          if (self != nullptr && !self->leaving_ && !self->closed_) self->Take(decision);
        });
      });
}

void SseSession::Expire() {
  Leave(Reason::kExpired, Error("unauthenticated", "the authorization has expired"));
}

void SseSession::Take(const Decision& decision) {
  const absl::Time now = shard_.clock().Now();
  switch (access_->standing.Answered(decision, subject_, now)) {
    case Standing::Answer::kStays:
    case Standing::Answer::kNone:
      return;
    case Standing::Answer::kChanged:
      return Change(ImposedFilter(access_->own_filter, decision),
                    MaskedView(route_.view, decision.masks));
    case Standing::Answer::kAnotherOne:
      // Other topics may be its own now: it comes back and gets those.
      return Leave(Reason::kExpired, SseFrame());
    case Standing::Answer::kRefused:
      break;
  }
  if (decision.allowed()) return Expire();
  const std::optional<Refusal> refusal = CheckDecision(decision, now);
  Leave(refusal->reason, Error(ReasonName(refusal->reason), refusal->detail));
}

bool SseSession::OnDisconnect(DisconnectedBy by) {
  if (leaving_) return false;
  Leave(Reason::kDisconnected, by == DisconnectedBy::kOperator
                                   ? Error("disconnected", "an operator ended this stream")
                                   : Error("forbidden", "access was taken back"));
  return true;
}

void SseSession::OnDoubt(absl::Time now, absl::Duration within) {
  if (access_ != nullptr) access_->standing.AskSoon(now, within);
}

}  // namespace sluice

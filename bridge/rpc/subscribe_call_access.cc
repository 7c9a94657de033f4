// A Subscribe call's access while it runs: asked about again in the background, and taken
// back.
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <utility>

#include "bridge/access/revocations.h"
#include "bridge/base/clock.h"
#include "bridge/event/masked_views.h"
#include "bridge/rpc/caller.h"
#include "bridge/rpc/subscribe_call.h"

namespace sluice {

// The answer may come when the call is over, on any thread, at once.
void SubscribeCall::AskAgain() {
  access_->authorizer.Authorize(
      access_->standing.question(),
      [weak = weak_from_this(), &context = shard_.context()](Decision decision) {
        boost::asio::post(context, [weak, decision = std::move(decision)] {
          const auto self = weak.lock();
          if (self != nullptr && !self->leaving_ && !self->ended_) self->Take(decision);
        });
      });
}

void SubscribeCall::Expire() {
  Leave(Reason::kExpired, {grpc::StatusCode::UNAUTHENTICATED, "the authorization has expired"});
}

void SubscribeCall::Take(const Decision& decision) {
  switch (access_->standing.Answered(decision, subject_, rpc_.clock->Now())) {
    case Standing::Answer::kStays:
    case Standing::Answer::kNone:
      return;
    case Standing::Answer::kChanged:
      // (The message that is on its way was allowed when it was sent.)
      return subscription_->Change(ImposedFilter(access_->own_filter, decision),
                                   MaskedView(nullptr, decision.masks));
    case Standing::Answer::kAnotherOne:
      return Leave(Reason::kExpired,
                   {grpc::StatusCode::ABORTED, "you are somebody else now; subscribe again"});
    case Standing::Answer::kRefused:
      break;
  }
  if (decision.allowed()) return Expire();
  Leave(ReasonOf(decision), ToGrpc(ToStatus(decision)));
}

bool SubscribeCall::Revoked() const {
  return rpc_.revocations != nullptr &&
         rpc_.revocations->AnySince(asked_at_, subject_, requested_.spec.topics);
}

bool SubscribeCall::OnDisconnect(DisconnectedBy by) {
  if (leaving_ || ended_) return false;
  Leave(Reason::kDisconnected,
        by == DisconnectedBy::kOperator
            ? grpc::Status(grpc::StatusCode::ABORTED, "an operator ended this call")
            : grpc::Status(grpc::StatusCode::PERMISSION_DENIED, "access was taken back"));
  return true;
}

void SubscribeCall::OnDoubt(absl::Time now, absl::Duration within) {
  if (access_ != nullptr) access_->standing.AskSoon(now, within);
}

}  // namespace sluice

#include "bridge/fleet/local_fleet.h"

#include <utility>

#include "bridge/fleet/revocation_message.h"

namespace sluice {

void LocalFleet::Ask(fleet::v1::Question question, Scope /*scope*/, AskDone done) {
  if (question.has_revocation()) ByAnOperator(question.mutable_revocation());
  node_.Answer(question, [done = std::move(done)](fleet::v1::Answer said) {
    MemberAnswer here;
    if (!said.refused().empty()) here.status = absl::InvalidArgumentError(said.refused());
    here.answer = std::move(said);
    FleetAnswer answer{.alone = true};
    answer.members.push_back(std::move(here));
    done(std::move(answer));
  });
}

}  // namespace sluice

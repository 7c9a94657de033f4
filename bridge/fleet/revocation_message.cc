#include "bridge/fleet/revocation_message.h"

#include "bridge/access/revocation_fields.h"

namespace sluice {

absl::StatusOr<Revocation> ReadRevocation(const fleet::v1::Revocation& message) {
  const bool names_nothing = message.subject().empty() && message.topic().empty() &&
                             message.topic_pattern().empty() && message.subscriber_id().empty();
  if (names_nothing != message.everybody()) {
    return absl::InvalidArgumentError("everybody: is there where nothing else is, and only there");
  }
  return ReadRevocation(RevocationFields{.subject = message.subject(),
                                         .topic = message.topic(),
                                         .topic_pattern = message.topic_pattern(),
                                         .subscriber_id = message.subscriber_id(),
                                         .reason = message.reason()});
}

fleet::v1::Revocation ToMessage(const Revocation& revocation, DisconnectedBy by) {
  fleet::v1::Revocation message;
  message.set_by(by == DisconnectedBy::kOperator ? fleet::v1::BY_OPERATOR
                                                 : fleet::v1::BY_AUTHORIZER);
  message.set_ends_streams(true);
  message.set_subject(revocation.subject);
  message.set_topic(revocation.topic);
  if (revocation.pattern) message.set_topic_pattern(revocation.pattern->text());
  message.set_subscriber_id(revocation.subscriber_id);
  message.set_reason(revocation.reason);
  message.set_everybody(message.subject().empty() && message.topic().empty() &&
                        message.topic_pattern().empty() && message.subscriber_id().empty());
  return message;
}

DisconnectedBy DisconnectedByOf(const fleet::v1::Revocation& message) {
  return message.by() == fleet::v1::BY_AUTHORIZER ? DisconnectedBy::kAuthorizer
                                                  : DisconnectedBy::kOperator;
}

void ByAnOperator(fleet::v1::Revocation* message) {
  message->set_by(fleet::v1::BY_OPERATOR);
  message->set_ends_streams(true);
}

}  // namespace sluice

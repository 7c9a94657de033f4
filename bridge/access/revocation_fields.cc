#include "bridge/access/revocation_fields.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "bridge/base/utf8.h"
#include "bridge/event/topic.h"

namespace sluice {
namespace {

constexpr size_t kTextBytesMax = 512;

absl::Status At(absl::string_view field, const absl::Status& status) {
  if (status.ok()) return status;
  return absl::InvalidArgumentError(absl::StrCat(field, ": ", status.message()));
}

absl::Status CheckText(const std::string& text) {
  if (text.size() <= kTextBytesMax && !HasControlCharacter(text)) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("is longer than ", kTextBytesMax, " bytes or holds control characters"));
}

}  // namespace

absl::StatusOr<Revocation> ReadRevocation(RevocationFields fields) {
  absl::Status status = At("subject", CheckText(fields.subject));
  status.Update(At("subscriber_id", CheckText(fields.subscriber_id)));
  status.Update(At("reason", CheckText(fields.reason)));
  if (!fields.topic.empty()) status.Update(At("topic", ValidateTopic(fields.topic)));
  if (!status.ok()) return status;
  Revocation revocation{.subject = std::move(fields.subject),
                        .topic = std::move(fields.topic),
                        .pattern = std::nullopt,
                        .subscriber_id = std::move(fields.subscriber_id),
                        .reason = std::move(fields.reason)};
  if (!fields.topic_pattern.empty()) {
    absl::StatusOr<TopicPattern> pattern = TopicPattern::Parse(fields.topic_pattern);
    if (!pattern.ok()) return At("topic_pattern", pattern.status());
    revocation.pattern = *std::move(pattern);
  }
  return revocation;
}

}  // namespace sluice

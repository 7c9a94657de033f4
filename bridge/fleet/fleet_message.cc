#include "bridge/fleet/fleet_message.h"

#include <algorithm>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "bridge/base/utf8.h"
#include "bridge/fleet/node.h"
#include "bridge/fleet/revocation_journal.h"
#include "bridge/fleet/revocation_message.h"

namespace sluice {
namespace {

constexpr size_t kIdDigits = 24;
constexpr size_t kNameBytesMax = 256;
constexpr int64_t kSecondsMax = 315'576'000'000;  // of a protobuf Duration

absl::Status Bad(absl::string_view what) { return absl::InvalidArgumentError(what); }

// As ids become part of a subject, they are made of nothing else.
bool IsId(const std::string& text) {
  return text.size() == kIdDigits && std::all_of(text.begin(), text.end(), [](char c) {
           return absl::ascii_isdigit(static_cast<unsigned char>(c)) || (c >= 'a' && c <= 'f');
         });
}

bool IsShortText(const std::string& text) {
  return text.size() <= kNameBytesMax && !HasControlCharacter(text);
}

bool IsAge(const google::protobuf::Duration& age) {
  return age.seconds() >= 0 && age.seconds() <= kSecondsMax && age.nanos() >= 0 &&
         age.nanos() < 1'000'000'000;
}

absl::Status Check(const fleet::v1::Member& from) {
  if (!IsId(from.id())) return Bad("from.id is no id");
  if (!IsShortText(from.name())) return Bad("from.name is too long or holds control characters");
  if (!IsShortText(from.version())) return Bad("from.version is too long or no text");
  return absl::OkStatus();
}

absl::Status Check(const fleet::v1::Revocation& revocation) {
  if (!IsId(revocation.origin())) return Bad("origin is no id");
  if (revocation.number() == 0) return Bad("number is 0");
  if (!IsAge(revocation.age())) return Bad("age is no time");
  if (revocation.by() != fleet::v1::BY_OPERATOR && revocation.by() != fleet::v1::BY_AUTHORIZER) {
    return Bad("by is unknown");
  }
  return ReadRevocation(revocation).status();
}

absl::Status Check(const RevocationJournal::KnownList& list) {
  if (list.size() > static_cast<int>(RevocationJournal::kOriginsMax)) return Bad("known: too many");
  for (const fleet::v1::Known& known : list) {
    if (!IsId(known.origin())) return Bad("known: origin is no id");
    if (known.forgotten_through() > known.through()) return Bad("known: forgotten too much");
    if (!IsAge(known.forgotten_age())) return Bad("known: forgotten_age is no time");
  }
  return absl::OkStatus();
}

absl::Status Check(const fleet::v1::Kept& kept) {
  if (kept.revocations_size() > static_cast<int>(RevocationJournal::kKeptMax)) {
    return Bad("revocations: too many");
  }
  for (const fleet::v1::Revocation& revocation : kept.revocations()) {
    if (absl::Status status = Check(revocation); !status.ok()) return status;
  }
  return Check(kept.known());
}

absl::Status Check(const fleet::v1::Answer& answer) {
  if (answer.subscribers().subscribers_size() > static_cast<int>(kListedMax)) {
    return Bad("subscribers: too many");
  }
  if (!IsShortText(answer.refused())) return Bad("refused is too long or no text");
  return absl::OkStatus();
}

absl::Status CheckKind(const fleet::v1::Message& message) {
  using Kind = fleet::v1::Message::KindCase;
  switch (message.kind_case()) {
    case Kind::kPresence:
      return Check(message.presence().known());
    case Kind::kQuestion:
      return message.question().has_revocation() ? Check(message.question().revocation())
                                                 : absl::OkStatus();
    case Kind::kAnswer:
      return Check(message.answer());
    case Kind::kWanted:
      return Check(message.wanted().known());
    case Kind::kKept:
      return Check(message.kept());
    case Kind::kLeaving:
      return absl::OkStatus();
    case Kind::KIND_NOT_SET:
      break;
  }
  return Bad("it says nothing");
}

template <typename List>
void Shorten(const fleet::v1::Answer& answer, size_t bytes, List* list) {
  while (!list->empty() && answer.ByteSizeLong() > bytes) {
    const int left = list->size() / 2;
    list->DeleteSubrange(left, list->size() - left);
  }
}

}  // namespace

void ShortenTo(size_t bytes, fleet::v1::Answer* answer) {
  if (answer->has_topics()) Shorten(*answer, bytes, answer->mutable_topics()->mutable_topics());
  if (answer->has_subscribers()) {
    Shorten(*answer, bytes, answer->mutable_subscribers()->mutable_subscribers());
  }
}

absl::StatusOr<fleet::v1::Message> ReadFleetMessage(std::string_view bytes) {
  if (bytes.size() > kFleetMessageBytesMax) return Bad("it is too long");
  fleet::v1::Message message;
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return Bad("it is no sluice.fleet.v1.Message");
  }
  if (message.version() != kFleetVersion) {
    return absl::FailedPreconditionError(absl::StrCat("version ", message.version()));
  }
  if (absl::Status status = Check(message.from()); !status.ok()) return status;
  if (absl::Status status = CheckKind(message); !status.ok()) return status;
  return message;
}

}  // namespace sluice

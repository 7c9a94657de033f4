// Any bytes are read as a message between the bridges of a fleet, or refused; what is read can
// be taken by a member, and what it keeps of that stays in its bounds and can be told on.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "bridge/fleet/fleet_message.h"
#include "bridge/fleet/revocation_journal.h"
#include "bridge/fleet/revocation_message.h"
#include "tests/fuzz/require.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  using sluice::RevocationJournal;
  const auto message = sluice::ReadFleetMessage({reinterpret_cast<const char*>(bytes), size});
  if (!message.ok()) return 0;
  SLUICE_REQUIRE(message->from().id().find_first_of(".*> ") == std::string::npos);
  const absl::Time now = absl::UnixEpoch() + absl::Hours(1000);
  RevocationJournal journal("own", absl::Minutes(6), now);
  for (const auto& revocation : message->kept().revocations()) {
    SLUICE_REQUIRE(sluice::ReadRevocation(revocation).ok());
    if (journal.Add(revocation, now) == RevocationJournal::Told::kNew) {
      SLUICE_REQUIRE(journal.Add(revocation, now) == RevocationJournal::Told::kKnown);
    }
  }
  journal.Lost(message->kept().known(), now);
  SLUICE_REQUIRE(!journal.Lost(message->kept().known(), now));
  SLUICE_REQUIRE(journal.size() <= RevocationJournal::kKeptMax);
  sluice::fleet::v1::Message told;
  told.set_version(sluice::kFleetVersion);
  *told.mutable_from() = message->from();
  *told.mutable_kept() = journal.MissedBy({}, 256 << 10, now);
  SLUICE_REQUIRE(sluice::ReadFleetMessage(told.SerializeAsString()).ok());
  journal.Expire(now + absl::Hours(24));
  return 0;
}

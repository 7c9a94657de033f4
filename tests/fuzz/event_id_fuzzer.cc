// Any text is read as an id, of the event log or of a call's stream, or refused; what is read is
// written as it was.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "bridge/event/call_id.h"
#include "bridge/event/event_id.h"
#include "tests/fuzz/require.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  const auto id = sluice::ParseEventId(text);
  const auto call = sluice::ParseCallId(text);
  SLUICE_REQUIRE(!id || !call);
  if (call) {
    SLUICE_REQUIRE(sluice::FormatCallId(*call) == text);
    SLUICE_REQUIRE(call->end == text.ends_with(".end"));
  }
  if (!id) return 0;
  const std::string written = sluice::FormatEventId(*id);
  SLUICE_REQUIRE(written.size() <= sluice::kEventIdBytesMax);
  SLUICE_REQUIRE(sluice::ParseEventId(written) == *id);
  SLUICE_REQUIRE(written == text);
  return 0;
}

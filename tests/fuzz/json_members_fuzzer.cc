// Whatever the text, nothing outside of it is read; of JSON every member is found, and
// means what a JSON library says.
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string_view>

#include "bridge/event/frame_template.h"
#include "bridge/event/json_members.h"
#include "bridge/schema/raw_json.h"
#include "tests/fuzz/require.h"

namespace {

bool IsInside(std::string_view part, std::string_view text) {
  return part.data() >= text.data() && part.data() + part.size() <= text.data() + text.size();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  sluice::JsonMembers any(text);
  while (const auto member = any.Next()) {
    SLUICE_REQUIRE(IsInside(member->key, text) && IsInside(member->value, text));
    sluice::JsonStringMeans(member->key, text);
  }
  const auto compact = sluice::CompactJson(text, 64);
  if (!compact.ok()) return 0;

  const auto parsed = nlohmann::json::parse(*compact);
  sluice::JsonMembers members(*compact);
  SLUICE_REQUIRE(members.is_object() == parsed.is_object());
  while (const auto member = members.Next()) {
    SLUICE_REQUIRE(nlohmann::json::accept(member->value));
  }
  if (parsed.is_object()) {
    for (const auto& [key, value] : parsed.items()) {
      const auto found = sluice::FindJsonMember(*compact, key);
      SLUICE_REQUIRE(found && nlohmann::json::parse(*found) == value);
    }
  }
  const auto frame = sluice::FrameTemplate::Parse(*compact);
  if (frame.ok()) SLUICE_REQUIRE(nlohmann::json::accept(frame->Fill("[1]", "a\"b")));
  return 0;
}

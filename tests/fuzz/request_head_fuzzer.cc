// Whatever bytes come in: a head is found, refused or read, and what is read is
// within its bounds.
#include <cstdint>
#include <string>

#include "bridge/http/accept.h"
#include "bridge/http/credentials.h"
#include "bridge/http/request_head.h"
#include "tests/fuzz/require.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  using namespace sluice;
  const std::string_view input(reinterpret_cast<const char*>(bytes), size);
  const RequestLimits limits{.head_bytes_max = 2048, .target_bytes_max = 512};
  CheckUnfinishedHead(input, limits);
  const auto end = FindHeadEnd(input);
  for (size_t searched = 0; end && searched < *end; ++searched) {
    SLUICE_REQUIRE(searched + 4 > *end || FindHeadEnd(input, searched) == end);
  }
  const auto parsed = ParseRequestHead(input.substr(0, end.value_or(size)), limits);
  const auto* head = std::get_if<RequestHead>(&parsed);
  if (head == nullptr) {
    SLUICE_REQUIRE(std::get<Refusal>(parsed).close);
    return 0;
  }
  SLUICE_REQUIRE(end.has_value() && *end <= limits.head_bytes_max);
  SLUICE_REQUIRE(!head->target.empty() && head->target.size() <= limits.target_bytes_max);
  SLUICE_REQUIRE(head->body_bytes <= kRequestBodyBytesMax);
  for (const auto& [name, value] : head->fields) {
    SLUICE_REQUIRE(!name.empty());
    SLUICE_REQUIRE(name.find_first_of(std::string_view("\0\r\n: ", 5)) == name.npos);
    SLUICE_REQUIRE(value.find_first_of(std::string_view("\0\r\n", 3)) == value.npos);
  }
  AcceptsEventStream(head->Field("accept").value_or(""));
  LooksLikeEventSource(*head);
  if (const auto target = RequestTarget::Parse(head->target); target.ok()) {
    CredentialOf(*head, *target, {"token"}, {"session"}).IgnoreError();
  }
  return 0;
}

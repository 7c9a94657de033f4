#include "bridge/hub/subscriber_id.h"

#include <atomic>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "bridge/base/text.h"

namespace sluice {
namespace {

std::string& Tag() {
  static std::string tag;
  return tag;
}

}  // namespace

std::string NewSubscriberId(std::string_view transport) {
  static std::atomic<uint64_t> next{1};
  return absl::StrCat(AsAbsl(transport), "-", Tag(), next.fetch_add(1, std::memory_order_relaxed));
}

void TellSubscriberIdsApartBy(std::string_view tag) { Tag() = absl::StrCat(AsAbsl(tag), "-"); }

}  // namespace sluice

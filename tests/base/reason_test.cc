#include "bridge/base/reason.h"

#include <algorithm>
#include <set>
#include <string>

#include "gtest/gtest.h"

namespace sluice {
namespace {

TEST(Reason, EveryOneHasANameOfItsOwnThatIsALabel) {
  std::set<std::string_view> names;
  for (size_t i = 0; i < kReasonCount; ++i) {
    const std::string_view name = ReasonName(static_cast<Reason>(i));
    EXPECT_FALSE(name.empty()) << i;
    EXPECT_TRUE(std::all_of(name.begin(), name.end(), [](char c) {
      return c == '_' || (c >= 'a' && c <= 'z');
    })) << name;
    EXPECT_TRUE(names.insert(name).second) << name;
  }
}

}  // namespace
}  // namespace sluice

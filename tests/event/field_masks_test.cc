#include "bridge/event/field_masks.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sluice {
namespace {

FieldMasksPtr Masks(std::vector<FieldMasks::Mask> masks) {
  return FieldMasks::Make(std::move(masks)).value();
}

std::string Left(std::vector<std::string> paths, std::string_view json) {
  return Masks({{"*", std::move(paths)}})->Apply("message", json);
}

TEST(FieldMasks, LeaveTheFieldsThatTheyNameInTheirOrder) {
  const char* json =
      R"({"id":1,"text":"a,\"b}","author":{"name":"Ann","email":"a@b"},"tags":["x"]})";
  EXPECT_EQ(Left({"tags", "id"}, json), R"({"id":1,"tags":["x"]})");
  EXPECT_EQ(Left({"author.name"}, json), R"({"author":{"name":"Ann"}})");
  EXPECT_EQ(Left({"author", "author.name"}, json), R"({"author":{"name":"Ann","email":"a@b"}})");
  EXPECT_EQ(Left({"nothing"}, json), "{}");
  EXPECT_EQ(Left({}, json), "{}");
  EXPECT_EQ(Left({"id.inside"}, json), "{}");
}

TEST(FieldMasks, GoThroughListsEntryByEntry) {
  EXPECT_EQ(Left({"items.id"}, R"({"items":[{"id":1,"x":2},{"x":3},[{"id":4,"x":5}],6]})"),
            R"({"items":[{"id":1},{},[{"id":4}]]})");
  EXPECT_EQ(Left({"items.id"}, R"({"items":[]})"), R"({"items":[]})");
}

TEST(FieldMasks, LeaveNothingOfWhatIsNoObject) {
  for (const char* json : {"[1,2]", "\"text\"", "1", "null", ""})
    EXPECT_EQ(Left({"a"}, json), "{}");
}

TEST(FieldMasks, KnowAKeyThatIsWrittenWithEscapes) {
  EXPECT_EQ(Left({"id"}, R"({"\u0069d":1,"\u0069e":2})"), R"({"\u0069d":1})");
}

TEST(FieldMasks, AreLaidOverTheTypeTheyAreFor) {
  const FieldMasksPtr masks = Masks({{"message", {"a"}}, {"*", {"b"}}});
  EXPECT_EQ(masks->Apply("message", R"({"a":1,"b":2})"), R"({"a":1})");
  EXPECT_EQ(masks->Apply("status", R"({"a":1,"b":2})"), R"({"b":2})");
  const FieldMasksPtr one = Masks({{"message", {"a"}}});
  EXPECT_TRUE(one->Hides("message"));
  EXPECT_FALSE(one->Hides("status"));
  EXPECT_EQ(one->Apply("status", "[1]"), "[1]");
}

TEST(FieldMasks, BothLeaveWhatEachLeaves) {
  const FieldMasksPtr one = Masks({{"*", {"a", "b.c"}}});
  const FieldMasksPtr other = Masks({{"*", {"b", "d"}}});
  EXPECT_EQ(FieldMasks::Both(one, other)->Apply("x", R"({"a":1,"b":{"c":2,"e":3},"d":4})"),
            R"({"b":{"c":2}})");
  EXPECT_EQ(FieldMasks::Both(one, nullptr), one);
  EXPECT_EQ(FieldMasks::Both(nullptr, other), other);
  EXPECT_EQ(FieldMasks::Both(nullptr, nullptr), nullptr);
}

TEST(FieldMasks, EqualOnesHaveEqualKeysAndOthersNot) {
  EXPECT_EQ(Masks({{"x", {"b", "a"}}, {"*", {}}})->key(),
            Masks({{"*", {}}, {"x", {"a", "b", "a"}}})->key());
  EXPECT_NE(Masks({{"x", {"a", "b"}}})->key(), Masks({{"x", {"ab"}}})->key());
  EXPECT_NE(Masks({{"x", {"1:a"}}})->key(), Masks({{"x", {"a"}}})->key());
  EXPECT_NE(Masks({{"x", {}}})->key(), Masks({{"*", {}}})->key());
}

TEST(FieldMasks, RefuseWhatIsNone) {
  using Mask = FieldMasks::Mask;
  for (const std::vector<Mask>& masks : std::vector<std::vector<Mask>>{{{"", {"a"}}},
                                                                       {{"x", {""}}},
                                                                       {{"x", {"a..b"}}},
                                                                       {{"x", {"a\nb"}}},
                                                                       {{"x", {}}, {"x", {}}}}) {
    EXPECT_TRUE(absl::IsInvalidArgument(FieldMasks::Make(masks).status()));
  }
  EXPECT_EQ(Masks({}), nullptr);
}

}  // namespace
}  // namespace sluice

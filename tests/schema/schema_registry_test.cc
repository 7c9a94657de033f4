#include "bridge/schema/schema_registry.h"

#include <gmock/gmock.h>
#include <google/protobuf/descriptor.h>
#include <gtest/gtest.h>

#include <fstream>

#include "tests/schema/test_schema.h"

namespace sluice {
namespace {

using testing::HasSubstr;

std::string ErrorOf(const std::vector<std::string>& files) {
  auto schema = SchemaRegistry::Load(files, {});
  EXPECT_FALSE(schema.ok());
  return std::string(schema.status().message());
}

TEST(SchemaRegistry, KnowsTheBridgesOwnAndTheWellKnownTypesWithoutFiles) {
  auto schema = SchemaRegistry::Load({}, {});
  ASSERT_TRUE(schema.ok());
  EXPECT_NE((*schema)->current()->Find("google.protobuf.Struct"), nullptr);
  EXPECT_NE((*schema)->current()->Find("google.protobuf.StringValue"), nullptr);
  EXPECT_NE((*schema)->current()->Find("google.protobuf.Empty"), nullptr);
  EXPECT_NE((*schema)->current()->Find("sluice.v1.Event"), nullptr);
  EXPECT_EQ((*schema)->current()->Find("acme.chat.v1.TokenAdded"), nullptr);
  EXPECT_EQ((*schema)->current()->Find(""), nullptr);
}

TEST(SchemaRegistry, LoadsTheTypesOfASet) {
  EXPECT_NE(ChatSchema()->current()->Find("acme.chat.v1.TokenAdded"), nullptr);
  EXPECT_NE(ChatSchema()->current()->Find("acme.chat.v1.HTTPStatus.V2Event"), nullptr);
}

TEST(SchemaRegistry, TakesFilesInAnyOrderAndTheSameFileTwice) {
  const std::string set = WriteDescriptorSet("order.binpb", R"(
      file { name: 'b.proto' dependency: 'a.proto' message_type { name: 'B' } }
      file { name: 'a.proto' message_type { name: 'A' } })");
  const std::string again =
      WriteDescriptorSet("again.binpb", "file { name: 'a.proto' message_type { name: 'A' } }");
  const std::vector<std::string> files = {set, again, set};
  auto schema = SchemaRegistry::Load(files, {});
  ASSERT_TRUE(schema.ok()) << schema.status();
  EXPECT_NE((*schema)->current()->Find("B"), nullptr);
}

TEST(SchemaRegistry, NamesAFileThatIsMissing) {
  EXPECT_THAT(ErrorOf({"/nowhere/at/all.binpb"}),
              testing::AllOf(HasSubstr("/nowhere/at/all.binpb"), HasSubstr("No such file")));
}

TEST(SchemaRegistry, NamesAFileThatIsNoDescriptorSet) {
  const std::string path = testing::TempDir() + "not_a_set.binpb";
  std::ofstream(path) << "syntax = 'proto3';";
  EXPECT_THAT(ErrorOf({path}),
              testing::AllOf(HasSubstr(path), HasSubstr("is not a FileDescriptorSet")));
  std::ofstream(path, std::ios::trunc).flush();
  EXPECT_THAT(ErrorOf({path}), HasSubstr("is not a FileDescriptorSet"));
}

TEST(SchemaRegistry, NamesTheImportThatIsMissing) {
  const std::string set =
      WriteDescriptorSet("import.binpb", "file { name: 'b.proto' dependency: 'gone.proto' }");
  EXPECT_THAT(ErrorOf({set}), testing::AllOf(HasSubstr(set), HasSubstr("gone.proto")));
}

TEST(SchemaRegistry, RefusesFilesThatImportEachOther) {
  const std::string set = WriteDescriptorSet("cycle.binpb", R"(
      file { name: 'a.proto' dependency: 'b.proto' }
      file { name: 'b.proto' dependency: 'a.proto' })");
  EXPECT_THAT(ErrorOf({set}), testing::AllOf(HasSubstr(set), HasSubstr("imports itself")));
}

TEST(SchemaRegistry, NamesTheFileThatDefinesANameAgain) {
  const std::string one =
      WriteDescriptorSet("one.binpb", "file { name: 'one.proto' message_type { name: 'Same' } }");
  const std::string two =
      WriteDescriptorSet("two.binpb", "file { name: 'two.proto' message_type { name: 'Same' } }");
  EXPECT_THAT(ErrorOf({one, two}), testing::AllOf(HasSubstr(two), HasSubstr("Same")));
}

}  // namespace
}  // namespace sluice

#include "bridge/schema/async_api/async_api.h"

#include <gmock/gmock.h>
#include <google/protobuf/descriptor.pb.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "absl/strings/str_cat.h"

namespace sluice {
namespace {

namespace pb = google::protobuf;

// Each holds the next.
std::shared_ptr<const pb::FileDescriptorSet> ChainOfTypes(int count) {
  auto set = std::make_shared<pb::FileDescriptorSet>();
  pb::FileDescriptorProto& file = *set->add_file();
  file.set_name("chain.proto");
  file.set_package("chain");
  file.set_syntax("proto3");
  for (int i = 0; i < count; ++i) {
    pb::DescriptorProto& type = *file.add_message_type();
    type.set_name(absl::StrCat("Link", i));
    if (i + 1 == count) continue;
    pb::FieldDescriptorProto& next = *type.add_field();
    next.set_name("next");
    next.set_number(1);
    next.set_label(pb::FieldDescriptorProto::LABEL_OPTIONAL);
    next.set_type(pb::FieldDescriptorProto::TYPE_MESSAGE);
    next.set_type_name(absl::StrCat(".chain.Link", i + 1));
  }
  return set;
}

TEST(AsyncApiTest, DescribesLongChainsOfTypes) {
  constexpr int kTypes = 10'000;
  const auto schema = Schema::Build({{"chain.binpb", ChainOfTypes(kTypes)}}, JsonOptions());
  ASSERT_TRUE(schema.ok()) << schema.status();
  Route route;
  route.path = *PathTemplate::Parse("/links");
  route.messages = {"chain.Link0"};
  const auto routes = RouteTable::Build({route});
  ASSERT_TRUE(routes.ok()) << routes.status();
  const std::string document = AsyncApiJson({}, *routes, **schema);
  EXPECT_THAT(document, testing::HasSubstr(absl::StrCat("\"chain.Link", kTypes - 1, "\": {")));
}

}  // namespace
}  // namespace sluice

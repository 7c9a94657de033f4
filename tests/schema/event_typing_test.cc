#include "bridge/schema/event_typing.h"

#include <gmock/gmock.h>
#include <google/protobuf/descriptor.pb.h>
#include <gtest/gtest.h>

#include <fstream>

#include "tests/schema/test_schema.h"

namespace sluice {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;

SchemaPtr Load(const std::vector<std::string>& files) {
  auto schema = SchemaRegistry::Load(files, {});
  EXPECT_TRUE(schema.ok()) << schema.status();
  return schema.ok() ? (*schema)->current() : nullptr;
}

const EventTyping& TypingOf(const SchemaPtr& schema, const std::string& name) {
  const MessageType* type = schema->Find(name);
  EXPECT_NE(type, nullptr) << name;
  return type->typing;
}

std::string ErrorOf(const std::string& text) {
  auto schema = SchemaRegistry::Load({WriteDescriptorSet("annotated.binpb", text)}, {});
  EXPECT_FALSE(schema.ok());
  return std::string(schema.status().message());
}

testing::Matcher<EventTyping::Member> Member(int number, const std::string& type, bool ends) {
  return AllOf(Field(&EventTyping::Member::field_number, number),
               Field(&EventTyping::Member::type, type),
               Field(&EventTyping::Member::end_of_stream, ends));
}

// A user's own set: with what it imports, and where that was left out of it.
class Annotations : public testing::TestWithParam<const char*> {
 protected:
  const SchemaPtr schema_ = Load({GetParam()});
};
INSTANTIATE_TEST_SUITE_P(WithImports, Annotations, testing::Values(ANNOTATED_DESCRIPTOR_SET));
INSTANTIATE_TEST_SUITE_P(WithoutImports, Annotations,
                         testing::Values(ANNOTATED_DESCRIPTOR_SET_WITHOUT_IMPORTS));

TEST_P(Annotations, GiveTheTypeOfAMessage) {
  EXPECT_EQ(TypingOf(schema_, "acme.events.v1.Plain").type, "plain");
  EXPECT_FALSE(TypingOf(schema_, "acme.events.v1.Plain").end_of_stream);
  EXPECT_EQ(TypingOf(schema_, "acme.events.v1.Token").type, "token");
  EXPECT_FALSE(TypingOf(schema_, "acme.events.v1.Token").end_of_stream);
}

TEST_P(Annotations, SayThatAMessageEndsTheStream) {
  EXPECT_EQ(TypingOf(schema_, "acme.events.v1.Done").type, "done");
  EXPECT_TRUE(TypingOf(schema_, "acme.events.v1.Done").end_of_stream);
}

TEST_P(Annotations, MakeTheFieldsOfAOneofEvents) {
  const EventTyping& update = TypingOf(schema_, "acme.events.v1.Update");
  EXPECT_EQ(update.type, "update");
  EXPECT_EQ(update.oneof, "kind");
  EXPECT_THAT(update.members, ElementsAre(Member(2, "token", false), Member(3, "tool_call", false),
                                          Member(4, "note", false), Member(9, "done", true)));
  EXPECT_THAT(TypingOf(schema_, "acme.events.v1.Plain").oneof, IsEmpty());
}

TEST(EventTyping, ReadsAnnotationsThatNoImportTellsOf) {
  const SchemaPtr schema = Load({WriteDescriptorSet("stripped.binpb", R"(
      file { name: 'a.proto' message_type { name: 'A' options {
          [sluice.v1.event] { type: 'first' end_of_stream: true } } } })")});
  ASSERT_NE(schema, nullptr);
  EXPECT_EQ(TypingOf(schema, "A").type, "first");
  EXPECT_TRUE(TypingOf(schema, "A").end_of_stream);
}

// Its own copy of the file, compiled under another name.
TEST(EventTyping, ReadsAnnotationsOfAFileWithAnotherPath) {
  google::protobuf::FileDescriptorSet set;
  std::ifstream in(ANNOTATED_DESCRIPTOR_SET, std::ios::binary);
  ASSERT_TRUE(set.ParseFromIstream(&in));
  for (auto& file : *set.mutable_file()) {
    if (file.name() == "sluice/v1/annotations.proto") file.set_name("vendor/annotations.proto");
    for (std::string& import : *file.mutable_dependency()) {
      if (import == "sluice/v1/annotations.proto") import = "vendor/annotations.proto";
    }
  }
  const std::string path = testing::TempDir() + "vendored.binpb";
  std::ofstream(path, std::ios::binary) << set.SerializeAsString();
  const SchemaPtr schema = Load({path});
  ASSERT_NE(schema, nullptr);
  EXPECT_EQ(TypingOf(schema, "acme.events.v1.Update").oneof, "kind");
  EXPECT_TRUE(TypingOf(schema, "acme.events.v1.Done").end_of_stream);
}

// Another house's option with the same number, of another type: its bytes are not ours.
TEST(EventTyping, TakesNobodyElsesOptionForItsOwn) {
  google::protobuf::FileDescriptorSet set;
  auto* file = set.add_file();
  file->set_name("table.proto");
  file->add_dependency("google/protobuf/descriptor.proto");
  auto* extension = file->add_extension();
  extension->set_name("table");
  extension->set_number(50711);
  extension->set_extendee(".google.protobuf.MessageOptions");
  extension->set_label(google::protobuf::FieldDescriptorProto::LABEL_OPTIONAL);
  extension->set_type(google::protobuf::FieldDescriptorProto::TYPE_STRING);
  auto* user = set.add_file();
  user->set_name("user.proto");
  user->add_dependency("table.proto");
  auto* type = user->add_message_type();
  type->set_name("UserRow");
  // "\n\3abc" would be EventOptions{type: "abc"}.
  type->mutable_options()->mutable_unknown_fields()->AddLengthDelimited(50711, "\n\3abc");
  auto* other = user->add_message_type();
  other->set_name("OtherRow");
  other->mutable_options()->mutable_unknown_fields()->AddLengthDelimited(50711, "users");
  auto* ours = set.add_file();
  ours->set_name("ours.proto");
  ours->add_dependency("sluice/v1/annotations.proto");
  type = ours->add_message_type();
  type->set_name("Ours");
  type->mutable_options()->mutable_unknown_fields()->AddLengthDelimited(50711, "\n\3abc");
  const std::string path = testing::TempDir() + "foreign.binpb";
  std::ofstream(path, std::ios::binary) << set.SerializeAsString();
  const SchemaPtr schema = Load({path});
  ASSERT_NE(schema, nullptr);
  EXPECT_EQ(TypingOf(schema, "UserRow").type, "user_row");
  EXPECT_EQ(TypingOf(schema, "OtherRow").type, "other_row");
  EXPECT_EQ(TypingOf(schema, "Ours").type, "abc");
}

TEST(EventTyping, RefusesATypeThatNoEventCanHave) {
  EXPECT_THAT(ErrorOf(R"(file { name: 'a.proto' message_type { name: 'A' options {
                  [sluice.v1.event] { type: 'a\nb' } } } })"),
              AllOf(HasSubstr("annotated.binpb"), HasSubstr("A: (sluice.v1.event).type")));
  EXPECT_THAT(ErrorOf("file { name: 'a.proto' message_type { name: 'A' options {"
                      "[sluice.v1.event] { type: '" +
                      std::string(129, 'x') + "' } } } }"),
              HasSubstr("(sluice.v1.event).type is longer than 128 bytes"));
}

TEST(EventTyping, TakesAMessageWhoseNameIsLong) {
  const std::string name = "A" + std::string(200, 'x');
  const SchemaPtr schema = Load({WriteDescriptorSet(
      "long.binpb", "file { name: 'a.proto' message_type { name: '" + name + "' } }")});
  ASSERT_NE(schema, nullptr);
  EXPECT_EQ(TypingOf(schema, name).type, "a" + std::string(200, 'x'));
}

TEST(EventTyping, RefusesTwoOneofsThatAreTheEvent) {
  EXPECT_THAT(ErrorOf(R"(
      file { name: 'a.proto' message_type { name: 'A'
          field { name: 'x' number: 1 type: TYPE_STRING label: LABEL_OPTIONAL oneof_index: 0 }
          field { name: 'y' number: 2 type: TYPE_STRING label: LABEL_OPTIONAL oneof_index: 1 }
          oneof_decl { name: 'one' options { [sluice.v1.event_of_field]: true } }
          oneof_decl { name: 'two' options { [sluice.v1.event_of_field]: true } } } })"),
              AllOf(HasSubstr("A: "), HasSubstr("more than one oneof")));
}

}  // namespace
}  // namespace sluice

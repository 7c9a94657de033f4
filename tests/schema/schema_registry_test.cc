#include "bridge/schema/schema_registry.h"

#include <gmock/gmock.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <fstream>
#include <functional>
#include <utility>

#include "tests/fakes/fake_clock.h"
#include "tests/schema/test_schema.h"

namespace sluice {
namespace {

namespace pb = google::protobuf;
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

std::shared_ptr<SchemaRegistry> Empty(const Clock& clock = Clock::System()) {
  auto schema = SchemaRegistry::Load({}, {}, clock);
  EXPECT_TRUE(schema.ok()) << schema.status();
  return *schema;
}

std::shared_ptr<const pb::FileDescriptorSet> Set(const std::string& text) {
  auto set = std::make_shared<pb::FileDescriptorSet>();
  EXPECT_TRUE(pb::TextFormat::ParseFromString(text, set.get())) << text;
  return set;
}

// A copy under another file name is fine; what only has the name of one is not.
TEST(SchemaRegistry, TakesNobodysTypesForItsOwn) {
  const std::string any = WriteDescriptorSet("any.binpb", R"(
      file { name: 'mine.proto' package: 'google.protobuf' message_type { name: 'Any' } })");
  EXPECT_THAT(ErrorOf({any}), testing::AllOf(HasSubstr(any), HasSubstr("google.protobuf.Any")));
  auto copy = std::make_shared<pb::FileDescriptorSet>();
  Empty()->current()->Find("google.protobuf.Any")->descriptor->file()->CopyTo(copy->add_file());
  copy->mutable_file(0)->set_name("copied/any.proto");
  const auto registry = Empty();
  EXPECT_TRUE(registry->Offer("backend a", copy).ok());
  EXPECT_EQ(registry->current()->FindFileContaining("google.protobuf.Any")->name(),
            "google/protobuf/any.proto");
}

TEST(SchemaRegistry, LeavesOutWhatASecondBackendDefinesAgain) {
  const auto registry = Empty();
  ASSERT_TRUE(
      registry->Offer("backend b", Set("file { name: 'b.proto' message_type { name: 'Same' } }"))
          .ok());
  const absl::Status clash = registry->Offer("backend c", Set(R"(
      file { name: 'c.proto' message_type { name: 'Same' } }
      file { name: 'd.proto' dependency: 'c.proto' message_type { name: 'D' } }
      file { name: 'e.proto' message_type { name: 'E' } })"));
  EXPECT_THAT(std::string(clash.message()),
              testing::AllOf(HasSubstr("backend c: c.proto"), HasSubstr("Same")));
  EXPECT_EQ(registry->current()->FindFileContaining("Same")->name(), "b.proto");
  EXPECT_EQ(registry->current()->Find("D"), nullptr);
  EXPECT_NE(registry->current()->Find("E"), nullptr);
  // Once the first no longer has it, the second's is taken.
  ASSERT_TRUE(
      registry->Offer("backend b", Set("file { name: 'b.proto' message_type { name: 'B' } }"))
          .ok());
  EXPECT_EQ(registry->current()->FindFileContaining("Same")->name(), "c.proto");
  EXPECT_NE(registry->current()->Find("D"), nullptr);
}

// Whoever answers first: the same types are known after a restart.
TEST(SchemaRegistry, PrefersBackendsByTheirNames) {
  const auto registry = Empty();
  const auto second = Set("file { name: 'same.proto' message_type { name: 'Second' } }");
  const auto first = Set("file { name: 'same.proto' message_type { name: 'First' } }");
  ASSERT_TRUE(registry->Offer("backend b", second).ok());
  EXPECT_NE(registry->current()->Find("Second"), nullptr);
  ASSERT_TRUE(registry->Offer("backend a", first).ok());
  EXPECT_NE(registry->current()->Find("First"), nullptr);
  EXPECT_EQ(registry->current()->Find("Second"), nullptr);
}

TEST(SchemaRegistry, TakesAFileFromTheNextBackendWhenTheFirstOnesCannotBe) {
  const auto registry = Empty();
  EXPECT_FALSE(
      registry->Offer("backend a", Set("file { name: 'f.proto' dependency: 'gone' }")).ok());
  EXPECT_TRUE(
      registry->Offer("backend b", Set("file { name: 'f.proto' message_type { name: 'F' } }"))
          .ok());
  EXPECT_NE(registry->current()->Find("F"), nullptr);
}

TEST(SchemaRegistry, KeepsABackendsTypesWhoseAnnotationCannotBe) {
  const auto registry = Empty();
  const absl::Status status = registry->Offer("backend a", Set(R"(
      file { name: 'a.proto' message_type { name: 'BadType' options {
          [sluice.v1.event] { type: 'a\nb' } } } })"));
  EXPECT_THAT(std::string(status.message()), HasSubstr("backend a: BadType: (sluice.v1.event)"));
  ASSERT_NE(registry->current()->Find("BadType"), nullptr);
  EXPECT_EQ(registry->current()->Find("BadType")->typing.type, "bad_type");
}

// protobuf would call itself for every dot.
TEST(SchemaRegistry, SurvivesNamesWithoutEnd) {
  std::string dots = "a";
  for (int i = 0; i < 500'000; ++i) dots += ".a";
  const auto registry = Empty();
  auto package = std::make_shared<pb::FileDescriptorSet>();
  package->add_file()->set_name("a.proto");
  package->mutable_file(0)->set_package(dots);
  EXPECT_THAT(std::string(registry->Offer("backend a", package).message()),
              HasSubstr("a name of more than 512 bytes"));
  const auto field = Set(R"(file { name: 'a.proto' message_type { name: 'A' field {
      name: 'x' number: 1 type: TYPE_MESSAGE label: LABEL_OPTIONAL type_name: 'B' } } })");
  auto set = std::make_shared<pb::FileDescriptorSet>(*field);
  set->mutable_file(0)->mutable_message_type(0)->mutable_field(0)->set_type_name("." + dots);
  EXPECT_FALSE(registry->Offer("backend a", set).ok());
}

TEST(Schema, FindsTheFileOfEverySymbol) {
  const auto registry = Empty();
  ASSERT_TRUE(registry
                  ->Offer("backend a", Set(R"(
      file { name: 'a.proto' package: 'acme' syntax: 'proto2'
        message_type { name: 'A' extension_range { start: 100 end: 200 }
          field { name: 'x' number: 1 type: TYPE_STRING label: LABEL_OPTIONAL oneof_index: 0 }
          oneof_decl { name: 'either' }
          nested_type { name: 'Inner' } enum_type { name: 'Mood' value { name: 'GOOD' number: 0 } }
          extension { name: 'inside' number: 101 type: TYPE_INT32 label: LABEL_OPTIONAL
                      extendee: '.acme.A' } }
        enum_type { name: 'Color' value { name: 'RED' number: 0 } }
        extension { name: 'more' number: 100 type: TYPE_INT32 label: LABEL_OPTIONAL
                    extendee: '.acme.A' }
        service { name: 'S' method { name: 'M' input_type: '.acme.A' output_type: '.acme.A' } } })"))
                  .ok());
  const SchemaPtr schema = registry->current();
  const auto* file = schema->FindFile("a.proto");
  ASSERT_NE(file, nullptr);
  for (const char* symbol :
       {"acme.A", "acme.A.x", "acme.A.either", "acme.A.Inner", "acme.A.Mood", "acme.A.GOOD",
        "acme.A.inside", "acme.Color", "acme.RED", "acme.more", "acme.S", "acme.S.M"}) {
    EXPECT_EQ(schema->FindFileContaining(symbol), file) << symbol;
  }
  for (const char* symbol :
       {"", "acme", "acme.B", "acme.A.y", "acme.S.N", "acme.A.x.y", ".acme.A"}) {
    EXPECT_EQ(schema->FindFileContaining(symbol), nullptr) << symbol;
  }
  EXPECT_NE(schema->FindMethod("acme.S/M"), nullptr);
  EXPECT_EQ(schema->FindFile("b.proto"), nullptr);
  EXPECT_EQ(schema->FindFileContaining("google.protobuf.Timestamp")->name(),
            "google/protobuf/timestamp.proto");
}

// What is asked of whom, and answered when the test says so.
class SchemaLookUp : public testing::Test {
 protected:
  SchemaLookUp() {
    registry_->SetFinder([this](std::string type, std::function<void()> done) {
      asked_.push_back(std::move(type));
      answers_.push_back(std::move(done));
    });
  }
  void LookUp(const std::string& type) {
    registry_->LookUp(type, [this, type](bool found) {
      told_.push_back(type + (found ? " found" : " not found"));
    });
  }
  void Answer(size_t index) { std::exchange(answers_[index], nullptr)(); }

  FakeClock clock_;
  const std::shared_ptr<SchemaRegistry> registry_ = Empty(clock_);
  std::vector<std::string> asked_;
  std::vector<std::function<void()>> answers_;
  std::vector<std::string> told_;
};

TEST_F(SchemaLookUp, AnswersEverybodyWhoWaitsForTheSameTypeOnce) {
  LookUp("acme.A");
  LookUp("acme.A");
  EXPECT_THAT(asked_, testing::ElementsAre("acme.A"));
  EXPECT_THAT(told_, testing::IsEmpty());
  ASSERT_TRUE(registry_
                  ->Offer("backend a", Set("file { name: 'a.proto' package: 'acme' "
                                           "message_type { name: 'A' } }"))
                  .ok());
  Answer(0);
  EXPECT_THAT(told_, testing::ElementsAre("acme.A found", "acme.A found"));
  LookUp("acme.A");
  EXPECT_EQ(told_.size(), 3u);
  EXPECT_EQ(asked_.size(), 1u);
}

TEST_F(SchemaLookUp, RemembersForAWhileWhatWasNotFound) {
  LookUp("acme.A");
  Answer(0);
  LookUp("acme.A");
  EXPECT_THAT(told_, testing::ElementsAre("acme.A not found", "acme.A not found"));
  EXPECT_EQ(asked_.size(), 1u);
  clock_.Advance(absl::Seconds(6));
  LookUp("acme.A");
  EXPECT_EQ(asked_.size(), 2u);
}

TEST_F(SchemaLookUp, LooksAgainOnceAnythingNewIsKnown) {
  LookUp("acme.A");
  Answer(0);
  ASSERT_TRUE(registry_->Offer("backend a", Set("file { name: 'a.proto' }")).ok());
  LookUp("acme.A");
  EXPECT_EQ(asked_.size(), 2u);
}

TEST_F(SchemaLookUp, BoundsWhatItLooksForAtOnceAndWhatItHasNotFound) {
  for (int i = 0; i < 65; ++i) LookUp("acme.A" + std::to_string(i));
  EXPECT_EQ(asked_.size(), 64u);
  EXPECT_THAT(told_, testing::ElementsAre("acme.A64 not found"));
  for (size_t i = 0; i < 64; ++i) Answer(i);
  for (size_t i = 64; i < 1000; ++i) {
    LookUp("acme.B" + std::to_string(i));
    if (asked_.size() > i) Answer(i);
  }
  EXPECT_EQ(asked_.size(), 256u);
  clock_.Advance(absl::Seconds(6));
  LookUp("acme.C");
  EXPECT_EQ(asked_.back(), "acme.C");
}

TEST_F(SchemaLookUp, LooksForNoNameThatIsTooLong) {
  LookUp(std::string(513, 'a'));
  EXPECT_THAT(asked_, testing::IsEmpty());
  EXPECT_EQ(told_.size(), 1u);
}

TEST_F(SchemaLookUp, AnswersAtOnceWhenThereIsNobodyToAsk) {
  registry_->SetFinder(nullptr);
  LookUp("acme.A");
  EXPECT_THAT(told_, testing::ElementsAre("acme.A not found"));
}

}  // namespace
}  // namespace sluice

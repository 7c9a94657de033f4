// Descriptor set files that change while the bridge runs.
#include <gmock/gmock.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "bridge/schema/schema_registry.h"
#include "bridge/schema/schema_watch.h"

namespace sluice {
namespace {

namespace pb = google::protobuf;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

pb::FileDescriptorSet Set(const std::string& text) {
  pb::FileDescriptorSet set;
  EXPECT_TRUE(pb::TextFormat::ParseFromString(text, &set)) << text;
  return set;
}

// One file `file`.proto with these messages.
pb::FileDescriptorSet Messages(const std::string& file, const std::vector<std::string>& names) {
  pb::FileDescriptorSet set;
  set.add_file()->set_name(file + ".proto");
  for (const std::string& name : names) set.mutable_file(0)->add_message_type()->set_name(name);
  return set;
}

class SchemaReload : public testing::Test {
 protected:
  SchemaReload() { std::filesystem::create_directories(folder_); }
  ~SchemaReload() override { std::filesystem::remove_all(folder_); }

  std::string Path(const std::string& name) const { return folder_ + "/" + name; }
  void Write(const std::string& name, const std::string& bytes) const {
    std::ofstream(Path(name), std::ios::binary | std::ios::trunc) << bytes;
  }
  void Write(const std::string& name, const pb::FileDescriptorSet& set) const {
    Write(name, set.SerializeAsString());
  }
  // As deployments do it: written beside, then moved over.
  void Replace(const std::string& name, const pb::FileDescriptorSet& set) const {
    Write(name + ".new", set);
    std::filesystem::rename(Path(name + ".new"), Path(name));
  }
  void Load(const std::vector<std::string>& names) {
    std::vector<std::string> paths;
    for (const std::string& name : names) paths.push_back(Path(name));
    auto registry = SchemaRegistry::Load(paths, {});
    ASSERT_TRUE(registry.ok()) << registry.status();
    registry_ = *registry;
  }
  // What is logged meanwhile.
  std::string Reload() {
    testing::internal::CaptureStderr();
    registry_->ReloadChangedFiles();
    registry_->ReloadChangedFiles();
    return testing::internal::GetCapturedStderr();
  }
  bool Knows(const std::string& type) const { return registry_->current()->Find(type) != nullptr; }

  const std::string folder_ = testing::TempDir() + "reload_" + std::to_string(getpid());
  std::shared_ptr<SchemaRegistry> registry_;
};

TEST_F(SchemaReload, TakesAFileThatWasReplacedByRename) {
  Write("a", Messages("a", {"Old"}));
  Load({"a"});
  const SchemaPtr before = registry_->current();
  Replace("a", Messages("a", {"Old", "New"}));
  EXPECT_THAT(Reload(), HasSubstr("descriptor set read again"));
  EXPECT_TRUE(Knows("New"));
  EXPECT_EQ(before->Find("New"), nullptr);  // who holds the old one still has it
  EXPECT_NE(before->Find("Old"), nullptr);
}

TEST_F(SchemaReload, TakesASymbolicLinkThatPointsElsewhere) {
  Write("v1", Messages("a", {"Old"}));
  Write("v2", Messages("a", {"New"}));
  std::filesystem::create_symlink("v1", Path("a"));
  Load({"a"});
  std::filesystem::create_symlink("v2", Path("a.new"));
  std::filesystem::rename(Path("a.new"), Path("a"));
  Reload();
  EXPECT_TRUE(Knows("New"));
  EXPECT_FALSE(Knows("Old"));
}

TEST_F(SchemaReload, IsSilentAboutWhatDoesNotChange) {
  Write("a", Messages("a", {"Old"}));
  Load({"a"});
  const SchemaPtr before = registry_->current();
  EXPECT_THAT(Reload(), IsEmpty());
  EXPECT_EQ(registry_->current(), before);
}

TEST_F(SchemaReload, WaitsUntilAFileIsAtRest) {
  Write("a", Messages("a", {"Old"}));
  Load({"a"});
  Write("a", Messages("a", {"First"}));
  registry_->ReloadChangedFiles();
  Write("a", Messages("a", {"First", "Second"}));
  registry_->ReloadChangedFiles();
  EXPECT_TRUE(Knows("Old"));
  registry_->ReloadChangedFiles();
  EXPECT_TRUE(Knows("Second"));
}

TEST_F(SchemaReload, KeepsWhatItHadWhileAFileIsHalfWrittenAndSaysSoOnce) {
  const std::string bytes = Messages("a", {"Old", "New"}).SerializeAsString();
  Write("a", Messages("a", {"Old"}));
  Load({"a"});
  Write("a", bytes.substr(0, bytes.size() / 2));
  EXPECT_THAT(Reload(), AllOf(HasSubstr(Path("a")), HasSubstr("what it held before is kept"),
                              HasSubstr("is not a FileDescriptorSet")));
  EXPECT_THAT(Reload(), IsEmpty());
  EXPECT_TRUE(Knows("Old"));
  Write("a", bytes);
  EXPECT_THAT(Reload(), HasSubstr("descriptor set read again"));
  EXPECT_TRUE(Knows("New"));
}

TEST_F(SchemaReload, KeepsWhatItHadWhenAFileIsDeletedUntilItIsBack) {
  Write("a", Messages("a", {"Old"}));
  Load({"a"});
  std::filesystem::remove(Path("a"));
  EXPECT_THAT(Reload(), AllOf(HasSubstr("cannot be read"), HasSubstr("No such file")));
  EXPECT_THAT(Reload(), IsEmpty());
  EXPECT_TRUE(Knows("Old"));
  Write("a", Messages("a", {"Old", "New"}));
  EXPECT_THAT(Reload(), HasSubstr("descriptor set read again"));
  EXPECT_TRUE(Knows("New"));
}

// To open one would wait for whoever writes to it.
TEST_F(SchemaReload, KeepsWhatItHadWhenAFileBecomesAPipe) {
  Write("a", Messages("a", {"Old"}));
  Load({"a"});
  std::filesystem::remove(Path("a"));
  ASSERT_EQ(mkfifo(Path("a").c_str(), 0600), 0);
  EXPECT_THAT(Reload(), HasSubstr("is no regular file"));
  EXPECT_TRUE(Knows("Old"));
}

TEST_F(SchemaReload, KeepsWhatItHadWhenAFileBecomesInvalid) {
  Write("a", Messages("a", {"Old"}));
  Write("b", Messages("b", {"Other"}));
  Load({"a", "b"});
  Write("a", Set("file { name: 'a.proto' dependency: 'gone.proto' }"));
  Write("b", Messages("b", {"Other", "New"}));
  EXPECT_THAT(Reload(), AllOf(HasSubstr("gone.proto"), HasSubstr("descriptor set read again")));
  EXPECT_TRUE(Knows("Old"));
  EXPECT_TRUE(Knows("New"));  // the fault of one is not the other's
}

TEST_F(SchemaReload, KeepsWhatItHadWhenAFileClashesWithAnotherUntilThatGivesWay) {
  Write("a", Messages("a", {"One"}));
  Write("b", Messages("b", {"Two"}));
  Load({"a", "b"});
  Write("b", Messages("b", {"Two", "One"}));
  EXPECT_THAT(Reload(), AllOf(HasSubstr(Path("b")), HasSubstr("is already defined in file")));
  EXPECT_THAT(Reload(), IsEmpty());
  EXPECT_TRUE(Knows("Two"));
  Write("a", Messages("a", {"Three"}));
  Reload();
  EXPECT_TRUE(Knows("One"));
  EXPECT_TRUE(Knows("Three"));
}

TEST_F(SchemaReload, TakesFilesThatFitOnlyTogether) {
  Write("a", Messages("a", {"Stays", "Moves"}));
  Write("b", Messages("b", {"Other"}));
  Load({"a", "b"});
  Write("a", Messages("a", {"Stays"}));
  Write("b", Messages("b", {"Other", "Moves"}));
  EXPECT_THAT(Reload(), Not(HasSubstr("invalid")));
  EXPECT_EQ(registry_->current()->FindFileContaining("Moves"),
            registry_->current()->FindFile("b.proto"));
}

TEST_F(SchemaReload, AFileWinsOverABackend) {
  Write("a", Messages("a", {"Old"}));
  Load({"a"});
  const auto offer = std::make_shared<pb::FileDescriptorSet>(Messages("b", {"New"}));
  EXPECT_TRUE(registry_->Offer("backend b", offer).ok());
  EXPECT_TRUE(Knows("New"));
  Write("a", Messages("a", {"Old", "New"}));
  EXPECT_THAT(Reload(), AllOf(HasSubstr("descriptor set read again"),
                              HasSubstr("types are left out"), HasSubstr("backend b")));
  EXPECT_NE(registry_->current()->FindFile("a.proto"), nullptr);
  EXPECT_EQ(registry_->current()->FindFileContaining("New"),
            registry_->current()->FindFile("a.proto"));
}

TEST_F(SchemaReload, AWatchTakesAChangeByItself) {
  Write("a", Messages("a", {"Old"}));
  Load({"a"});
  const SchemaWatch watch(registry_, nullptr, absl::Milliseconds(1));
  for (int i = 0; i < 20; ++i) {
    const std::string added = absl::StrCat("New", i);
    Replace("a", Messages("a", {"Old", added}));
    const absl::Time give_up = absl::Now() + absl::Seconds(30);
    while (!Knows(added)) {
      ASSERT_LT(absl::Now(), give_up);
      EXPECT_TRUE(Knows("Old"));
      std::this_thread::yield();
    }
  }
}

// (The test's own time limit is what fails when it does not.)
TEST_F(SchemaReload, AWatchEndsAtOnce) {
  Write("a", Messages("a", {"Old"}));
  Load({"a"});
  const SchemaWatch watch(registry_, nullptr, absl::Hours(10));
}

}  // namespace
}  // namespace sluice

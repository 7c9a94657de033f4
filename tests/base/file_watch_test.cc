#include "bridge/base/file_watch.h"

#include <condition_variable>
#include <filesystem>
#include <mutex>

#include "tests/fakes/certificates.h"

namespace sluice {
namespace {

// Counts what a watch says.
class Changes {
 public:
  void Add() {
    const std::lock_guard lock(mutex_);
    ++count_;
    changed_.notify_all();
  }
  bool Reach(int count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(20), [&] { return count_ >= count; });
  }
  int count() {
    const std::lock_guard lock(mutex_);
    return count_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int count_ = 0;
};

TEST(FileWatch, SaysOnceThatAFileIsAnother) {
  const TestFolder folder;
  const std::string file = folder.Write("f", "one");
  Changes changes;
  const FileWatch watch(
      {file}, [&] { changes.Add(); }, absl::Milliseconds(2));
  // At once, so that nothing half-written is seen.
  const auto replace = [&] { std::filesystem::rename(folder.Write("g", "other"), file); };
  replace();
  ASSERT_TRUE(changes.Reach(1));
  replace();
  ASSERT_TRUE(changes.Reach(2));
  std::filesystem::remove(file);
  ASSERT_TRUE(changes.Reach(3));
  replace();
  ASSERT_TRUE(changes.Reach(4));
  EXPECT_EQ(changes.count(), 4);
}

TEST(FileWatch, FollowsLinks) {
  const TestFolder folder;
  folder.Write("one", "1");
  folder.Write("two", "2");
  const std::string link = folder.path() + "/link";
  std::filesystem::create_symlink("one", link);
  Changes changes;
  const FileWatch watch(
      {link}, [&] { changes.Add(); }, absl::Milliseconds(2));
  std::filesystem::create_symlink("two", folder.path() + "/next");
  std::filesystem::rename(folder.path() + "/next", link);
  EXPECT_TRUE(changes.Reach(1));
}

}  // namespace
}  // namespace sluice

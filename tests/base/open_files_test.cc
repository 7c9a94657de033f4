#include "bridge/base/open_files.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

TEST(OpenFiles, AreNotSharedWhereTheyAreReserved) {
  const OpenFiles before = ShareOpenFiles();
  const uint64_t log = OpenFilesOfEventLog();
  EXPECT_GT(log, 32u);
  EXPECT_LT(log, before.all / 2);
  ReserveOpenFiles(log);
  const OpenFiles after = ShareOpenFiles();
  EXPECT_EQ(after.all, before.all - log);
  EXPECT_LE(after.rpc, after.all / 4);
}

}  // namespace
}  // namespace sluice

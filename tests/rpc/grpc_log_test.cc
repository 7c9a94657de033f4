#include "bridge/rpc/grpc_log.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

TEST(GrpcLog, LeavesOutTheValuesOfMetadata) {
  EXPECT_EQ(WithoutValues("Error parsing metadata: error=invalid value key=te value=s3cret"),
            "Error parsing metadata: error=invalid value key=te ");
  EXPECT_EQ(WithoutValues("key=te value=a value=b value: c"), "key=te ");
  EXPECT_EQ(WithoutValues("key: te, value: s3cret"), "key: te, ");
}

TEST(GrpcLog, KeepsOtherLinesWhole) {
  for (const char* line : {"", "Handshake failed", "invalid value of an argument"}) {
    EXPECT_EQ(WithoutValues(line), line);
  }
}

}  // namespace
}  // namespace sluice

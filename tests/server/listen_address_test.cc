#include "bridge/server/config/listen_address.h"

#include "gtest/gtest.h"

namespace sluice {
namespace {

TEST(ListenAddress, KnowsLoopback) {
  const std::pair<const char*, bool> cases[] = {
      {"127.0.0.1:8080", true},   {"127.9.9.9:0", true},
      {"[::1]:65535", true},      {"0.0.0.0:80", false},
      {"[::]:80", false},         {"10.0.0.1:1", false},
      {"[2001:db8::1]:1", false}, {"[::ffff:127.0.0.1]:1", false}};
  for (const auto& [text, loopback] : cases) {
    const auto address = ParseListenAddress(text);
    ASSERT_TRUE(address.ok()) << text;
    EXPECT_EQ(address->text, text);
    EXPECT_EQ(address->loopback, loopback) << text;
  }
  EXPECT_EQ(ParseListenAddress("localhost:1")->text, "127.0.0.1:1");
}

TEST(ListenAddress, RefusesWhatIsNone) {
  for (const char* text : {"", ":", ":8080", "8080", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536",
                           "127.0.0.1:-1", "127.0.0.1:http", "127.0.0.1:000080", "example:80",
                           "::1:80", "[::1]", "[]:80", "[127.0.0.1]:80", "unix:/tmp/x"}) {
    EXPECT_EQ(ParseListenAddress(text).status().code(), absl::StatusCode::kInvalidArgument) << text;
  }
}

}  // namespace
}  // namespace sluice

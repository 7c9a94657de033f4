#include "bridge/base/ip_address.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

using std::string_literals::operator""s;

std::string Canonical(std::string_view text) {
  const auto address = ParseIpAddress(text);
  return address ? FormatIpAddress(*address) : "none";
}

TEST(IpAddress, IsReadAndWritten) {
  EXPECT_EQ(Canonical("192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(Canonical("2001:DB8:0::1"), "2001:db8::1");
  EXPECT_EQ(Canonical("::"), "::");
  EXPECT_EQ(Canonical("::ffff:192.0.2.1"), "192.0.2.1") << "it is the same client";
}

TEST(IpAddress, IsNothingElse) {
  for (const std::string& text :
       {""s, "1.2.3"s, "1.2.3.4.5"s, "1.2.3.256"s, "01.2.3.4"s, " 1.2.3.4"s, "1.2.3.4 "s,
        "0x1.2.3.4"s, "localhost"s, ":"s, "1::2::3"s, "fe80::1%eth0"s, "[::1]"s, "1.2.3.4\0"s,
        std::string(500, ':')}) {
    EXPECT_EQ(Canonical(text), "none") << text;
  }
}

bool Has(std::string_view network, std::string_view address) {
  IpNetworks networks;
  EXPECT_TRUE(networks.Add(network).ok()) << network;
  return networks.Has(*ParseIpAddress(address));
}

TEST(IpNetworks, HaveTheAddressesInThem) {
  EXPECT_TRUE(Has("10.0.0.0/8", "10.255.0.1"));
  EXPECT_FALSE(Has("10.0.0.0/8", "11.0.0.1"));
  EXPECT_TRUE(Has("10.1.2.3", "10.1.2.3"));
  EXPECT_FALSE(Has("10.1.2.3", "10.1.2.4"));
  EXPECT_TRUE(Has("10.1.2.0/23", "10.1.3.7"));
  EXPECT_FALSE(Has("10.1.2.0/23", "10.1.4.0"));
  EXPECT_TRUE(Has("0.0.0.0/0", "203.0.113.9"));
  EXPECT_FALSE(Has("0.0.0.0/0", "2001:db8::1")) << "it is a network of IPv4";
  EXPECT_TRUE(Has("2001:db8::/33", "2001:db8:7fff::1"));
  EXPECT_FALSE(Has("2001:db8::/33", "2001:db8:8000::1"));
  EXPECT_TRUE(Has("::1", "::1"));
}

TEST(IpNetworks, RefuseWhatIsNone) {
  for (const char* text :
       {"", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "::/129", "10.0.0.0/8/8", "a", "/8"}) {
    EXPECT_FALSE(IpNetworks().Add(text).ok()) << text;
  }
}

}  // namespace
}  // namespace sluice

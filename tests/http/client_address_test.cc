#include "bridge/http/client_address.h"

#include "bridge/http/http_services.h"
#include "gtest/gtest.h"

namespace sluice {
namespace {

using Fields = std::vector<std::pair<std::string, std::string>>;

constexpr std::string_view kProxy = "10.0.0.1";

IpNetworks Proxies() {
  IpNetworks proxies;
  for (const char* network : {"10.0.0.0/8", "2001:db8:f::/48"}) proxies.Add(network).IgnoreError();
  return proxies;
}

Peer Client(Fields fields, std::string_view peer = kProxy, bool secure = false) {
  RequestHead head;
  head.fields = std::move(fields);
  return ClientOf(Proxies(), {std::string(peer), std::string(peer) + ":9", secure}, head);
}
std::string AddressFor(const std::string& forwarded_for, std::string_view peer = kProxy) {
  return Client({{"x-forwarded-for", forwarded_for}}, peer).address_and_port;
}
std::string AddressByStandard(const std::string& forwarded) {
  return Client({{"forwarded", forwarded}}).address_and_port;
}

TEST(ClientAddress, IsThePeersOwnWhereNoProxyIsTrusted) {
  EXPECT_EQ(AddressFor("203.0.113.7", "192.0.2.1"), "192.0.2.1:9");
  EXPECT_EQ(Client({}).address_and_port, "10.0.0.1:9");
}

TEST(ClientAddress, IsWhatATrustedProxySays) {
  EXPECT_EQ(AddressFor("203.0.113.7"), "203.0.113.7:0");
  EXPECT_EQ(AddressFor("203.0.113.7:4711"), "203.0.113.7:4711");
  EXPECT_EQ(AddressFor("2001:db8::7"), "[2001:db8::7]:0");
  EXPECT_EQ(AddressFor("[2001:DB8::7]:80"), "[2001:db8::7]:80");
  EXPECT_EQ(AddressByStandard("for=203.0.113.7"), "203.0.113.7:0");
  EXPECT_EQ(AddressByStandard("proto=https;For=\"203.0.113.7:4711\";by=10.0.0.1"),
            "203.0.113.7:4711");
  EXPECT_EQ(AddressByStandard("for=\"[2001:db8::7]:80\""), "[2001:db8::7]:80");
  EXPECT_EQ(Client({{"x-forwarded-for", "203.0.113.7"}}).address, "203.0.113.7");
}

TEST(ClientAddress, IsTheFirstFromTheRightThatIsNoProxy) {
  EXPECT_EQ(AddressFor("198.51.100.1, 203.0.113.7, 10.9.9.9,10.0.0.2"), "203.0.113.7:0");
  EXPECT_EQ(AddressFor("10.0.0.3, 10.0.0.2"), "10.0.0.3:0") << "all of them are ours";
  EXPECT_EQ(AddressByStandard("for=198.51.100.1, for=203.0.113.7;by=\"a,b\", for=10.0.0.2"),
            "203.0.113.7:0");
  EXPECT_EQ(
      Client({{"x-forwarded-for", "198.51.100.1"}, {"x-forwarded-for", "203.0.113.7"}}).address,
      "203.0.113.7");
}

TEST(ClientAddress, IsNotChangedByWhatAClientPutOnTheLeft) {
  for (const char* junk :
       {"junk", "\"", "for=\"", "", ",,", "for=\"a\\\"", "unknown", "10.0.0.1"}) {
    EXPECT_EQ(AddressFor(std::string(junk) + ", 203.0.113.7"), "203.0.113.7:0") << junk;
    EXPECT_EQ(AddressByStandard(std::string(junk) + ", for=203.0.113.7"), "203.0.113.7:0") << junk;
  }
}

TEST(ClientAddress, IsThePeersOwnWhereItCannotBeRead) {
  for (const char* bad :
       {"", ",", "unknown", "1.2.3", "1.2.3.4:", "1.2.3.4:x", "1.2.3.4:65536", "1.2.3.4:+1", "[::1",
        "[1.2.3.4]", "[::1]80", "203.0.113.7, x", "203.0.113.7,"}) {
    EXPECT_EQ(AddressFor(bad), "10.0.0.1:9") << bad;
  }
  for (const char* bad :
       {"", "for", "for=", "for=unknown", "for=_hidden", "203.0.113.7", "proto=https",
        "for=1.2.3.4;for=5.6.7.8", "for=2001:db8::7", "for=1.2.3.4;x", "for=\"1.2.3.4\\\"",
        "for=203.0.113.7, for=x", "x=\";for=203.0.113.7"}) {
    EXPECT_EQ(AddressByStandard(bad), "10.0.0.1:9") << bad;
  }
}

// One of the fields may be what the client wrote, whichever its proxy sets.
TEST(ClientAddress, IsThePeersOwnWhereTheFieldsDiffer) {
  const auto both = [](const std::string& forwarded_for, const std::string& forwarded) {
    return Client({{"x-forwarded-for", forwarded_for}, {"forwarded", forwarded}}).address_and_port;
  };
  for (const char* other : {"for=198.51.100.1", "for=unknown", "proto=https", "", "for=10.0.0.2",
                            "for=203.0.113.7, for=198.51.100.1"}) {
    EXPECT_EQ(both("203.0.113.7", other), "10.0.0.1:9") << other;
  }
  for (const char* other : {"198.51.100.1", "unknown", "", "203.0.113.7, 198.51.100.1"}) {
    EXPECT_EQ(both(other, "for=203.0.113.7"), "10.0.0.1:9") << other;
  }
}

TEST(ClientAddress, IsWhatBothFieldsSay) {
  const auto both = [](const std::string& forwarded_for, const std::string& forwarded) {
    return Client({{"x-forwarded-for", forwarded_for}, {"forwarded", forwarded}}).address_and_port;
  };
  EXPECT_EQ(both("203.0.113.7", "for=203.0.113.7"), "203.0.113.7:0");
  EXPECT_EQ(both("198.51.100.1, 203.0.113.7, 10.0.0.2", "for=203.0.113.7"), "203.0.113.7:0");
  EXPECT_EQ(both("203.0.113.7:80", "for=\"203.0.113.7:80\""), "203.0.113.7:80");
  EXPECT_EQ(both("203.0.113.7", "for=\"203.0.113.7:80\""), "203.0.113.7:0");
  EXPECT_EQ(both("203.0.113.7:80", "for=203.0.113.7"), "203.0.113.7:0");
}

TEST(ClientAddress, ComesWithWhetherTheClientSpeaksHttps) {
  const Fields to_proxy = {{"x-forwarded-for", "203.0.113.7"},
                           {"x-forwarded-proto", "http, https"}};
  EXPECT_TRUE(Client(to_proxy).secure);
  EXPECT_FALSE(Client(to_proxy, "192.0.2.1").secure) << "nobody that is trusted says so";
  EXPECT_TRUE(Client({{"forwarded", "for=203.0.113.7;proto=https"}}).secure);
  EXPECT_FALSE(Client({{"forwarded", "for=203.0.113.7;proto=http"}}, kProxy, true).secure);
  EXPECT_TRUE(Client({{"forwarded", "for=203.0.113.7"}}, kProxy, true).secure);
}

TEST(ClientAddress, TakesHttpsFromWhereItTakesTheAddress) {
  const Fields of_the_other = {{"forwarded", "for=203.0.113.7"}, {"x-forwarded-proto", "https"}};
  EXPECT_FALSE(Client(of_the_other).secure);
  EXPECT_EQ(Client(of_the_other).address, "203.0.113.7");
  Fields both = {{"x-forwarded-for", "203.0.113.7"}, {"forwarded", "for=203.0.113.7;proto=https"}};
  EXPECT_FALSE(Client(both).secure);
  EXPECT_EQ(Client(both).address, "10.0.0.1") << "only one says so";
  both.emplace_back("x-forwarded-proto", "https");
  EXPECT_TRUE(Client(both).secure);
  EXPECT_EQ(Client(both).address, "203.0.113.7");
}

TEST(ClientAddress, ComesWithTheNamesOfACertificateOnlyWhereItIsTheClientsOwn) {
  const auto names = [](const std::string& peer, Fields fields) {
    RequestHead head;
    head.fields = std::move(fields);
    const std::vector<std::string> shown = {"a.example"};
    return ClientOf(Proxies(), {peer, peer + ":9", true, shown}, head).certificate_names.value();
  };
  EXPECT_EQ(names("192.0.2.1", {{"x-forwarded-for", "203.0.113.7"}}).size(), 1u);
  EXPECT_TRUE(names("10.0.0.1", {{"x-forwarded-for", "203.0.113.7"}}).empty());
  EXPECT_TRUE(names("10.0.0.1", {{"x-forwarded-for", "unknown"}}).empty());
  EXPECT_TRUE(names("10.0.0.1", {}).empty());
}

TEST(ClientAddress, IsCountedByItsNetworkWhereOneClientHasManyOfThem) {
  EXPECT_EQ(CountedAs("192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(CountedAs("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
  EXPECT_EQ(CountedAs("2001:db8:1:2::9"), CountedAs("2001:db8:1:2:ffff::"));
  EXPECT_NE(CountedAs("2001:db8:1:2::9"), CountedAs("2001:db8:1:3::9"));
  EXPECT_EQ(CountedAs(""), "");
}

}  // namespace
}  // namespace sluice

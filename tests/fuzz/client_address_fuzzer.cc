// Whatever proxies, and those before them, have written: the client that is found is no trusted
// proxy where another hop stands to its left, and nothing that is put on the left changes who it
// is. The first byte of the input chooses the field.
#include <cstdint>
#include <string>

#include "bridge/http/client_address.h"
#include "tests/fuzz/require.h"

namespace sluice {
namespace {

const IpNetworks& Proxies() {
  static const IpNetworks* proxies = [] {
    auto* made = new IpNetworks;
    for (const char* network : {"10.0.0.0/8", "127.0.0.1", "2001:db8::/32"}) {
      made->Add(network).IgnoreError();
    }
    return made;
  }();
  return *proxies;
}

std::optional<ForwardedClient> Find(const char* field, const std::string& value) {
  RequestHead head;
  head.fields.emplace_back(field, value);
  return FindForwardedClient(head, Proxies(), "10.0.0.1");
}

}  // namespace
}  // namespace sluice

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  using namespace sluice;
  if (size == 0) return 0;
  const char* field = bytes[0] % 2 == 0 ? "forwarded" : "x-forwarded-for";
  const std::string value(reinterpret_cast<const char*>(bytes) + 1, size - 1);
  const auto client = Find(field, value);
  IpNetworks().Add(value).IgnoreError();
  CountedAs(value);
  if (!client) return 0;
  const std::string text = FormatIpAddress(client->address);
  SLUICE_REQUIRE(ParseIpAddress(text) == client->address);
  if (Proxies().Has(client->address)) return 0;  // all of them are: more on the left would count
  for (const char* left :
       {"junk,", "\",", "for=\",", "198.51.100.1, ", "for=198.51.100.1,", ",,,"}) {
    const auto same = Find(field, left + value);
    SLUICE_REQUIRE(same && same->address == client->address && same->port == client->port);
  }
  return 0;
}

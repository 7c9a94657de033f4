// Whatever a Cookie field holds: the credential taken from it is one cookie's whole value,
// and only of a request whose origin may use it. The first line of the input is Origin (empty:
// none), the second Sec-Fetch-Site, the third Host; the rest is the cookie.
#include <algorithm>
#include <cstdint>
#include <string>

#include "bridge/base/utf8.h"
#include "bridge/http/cookie_origin.h"
#include "bridge/http/credentials.h"
#include "tests/fuzz/require.h"

namespace {

std::string_view TakeLine(std::string_view& text) {
  const std::string_view line = text.substr(0, text.find('\n'));
  text.remove_prefix(std::min(text.size(), line.size() + 1));
  return line;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  using namespace sluice;
  std::string_view input(reinterpret_cast<const char*>(bytes), size);
  RequestHead head;
  const std::string origin(TakeLine(input));
  const std::string site(TakeLine(input));
  const std::string host(TakeLine(input));
  if (!origin.empty()) head.fields.emplace_back("origin", origin);
  if (!site.empty()) head.fields.emplace_back("sec-fetch-site", site);
  head.fields.emplace_back("host", host);
  head.fields.emplace_back("cookie", input);

  static const RequestTarget target = *RequestTarget::Parse("/");
  const auto credential = CredentialOf(head, target, {}, {"session", "sid"});
  if (credential.ok() && !credential->empty()) {
    SLUICE_REQUIRE(IsUtf8(*credential) && !HasControlCharacter(*credential));
    SLUICE_REQUIRE(credential->find(';') == std::string::npos);
    const size_t at = input.find(*credential);
    SLUICE_REQUIRE(at != std::string_view::npos);
    SLUICE_REQUIRE(input.find("session") != input.npos || input.find("sid") != input.npos);
  }

  static const Cors cors({.origins = {"https://app.example", "*"}});
  for (const bool secure : {false, true}) {
    if (!CheckCookieOrigin(head, cors, secure).ok()) continue;
    if (origin.empty()) {
      SLUICE_REQUIRE(site == "same-origin");
    } else if (origin != "https://app.example") {
      const std::string scheme = secure ? "https://" : "http://";
      SLUICE_REQUIRE(origin.starts_with(scheme));
      SLUICE_REQUIRE(origin.size() <= scheme.size() + host.size());
    }
  }
  return 0;
}

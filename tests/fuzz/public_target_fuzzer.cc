// Whatever a request's target is: what others are told of it depends on no credential in it, and
// is otherwise what was sent. The bridge reads its credentials by RequestTarget, so what that
// finds is what must be gone.
#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "bridge/base/text.h"
#include "bridge/base/utf8.h"
#include "bridge/http/credentials.h"
#include "bridge/http/request_line.h"
#include "bridge/route/percent.h"
#include "bridge/route/request_target.h"
#include "tests/fuzz/require.h"

namespace sluice {
namespace {

const std::vector<std::string> kCredentials = {"token", "access_token"};
const std::vector<std::string> kResume = {"last_event_id", "lastEventId"};

bool IsSecret(const std::string& name) {
  const auto among = [&name](const std::vector<std::string>& names) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  return among(kCredentials) || among(kResume);
}

// The target with other values for all that must not be told.
std::string WithOtherSecrets(std::string_view target) {
  const size_t question = target.find('?');
  if (question == std::string_view::npos) return std::string(target);
  std::string other(target.substr(0, question));
  char separator = '?';
  for (size_t at = question + 1; at <= target.size();) {
    const size_t end = std::min(target.size(), target.find('&', at));
    const std::string_view parameter = target.substr(at, end - at);
    const std::string_view name = parameter.substr(0, parameter.find('='));
    const auto decoded = FormDecode(name);
    absl::StrAppend(&other, std::string(1, separator),
                    AsAbsl(decoded && IsSecret(*decoded) ? name : parameter),
                    decoded && IsSecret(*decoded) ? "=another" : "");
    separator = '&';
    at = end + 1;
  }
  return other;
}

using Parameters = std::vector<std::pair<std::string, std::string>>;

Parameters WithoutSecrets(Parameters parameters) {
  std::erase_if(parameters, [](const auto& parameter) { return IsSecret(parameter.first); });
  return parameters;
}

}  // namespace
}  // namespace sluice

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  using namespace sluice;
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  const std::string shown = PublicTarget(text, kCredentials);
  SLUICE_REQUIRE(shown == PublicTarget(WithOtherSecrets(text), kCredentials));
  SLUICE_REQUIRE(shown == PublicTarget(shown, kCredentials));
  const auto target = RequestTarget::Parse(text);
  if (!target.ok()) return 0;
  const auto told = RequestTarget::Parse(shown);
  SLUICE_REQUIRE(told.ok());
  SLUICE_REQUIRE(told->path() == target->path());
  SLUICE_REQUIRE(told->parameters() == WithoutSecrets(target->parameters()));
  SLUICE_REQUIRE(CredentialOf({}, *told, kCredentials, {})->empty());
  return 0;
}

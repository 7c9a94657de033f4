#include "bridge/server/config/kept_credentials.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "bridge/http/http_server.h"
#include "sluice/config/v1/config.pb.h"

namespace sluice {

std::vector<std::string> CredentialParameters(const config::v1::Credentials& credentials) {
  if (credentials.query_parameters().empty()) return HttpOptions().credential_query_parameters;
  std::vector<std::string> names(credentials.query_parameters().begin(),
                                 credentials.query_parameters().end());
  if (names == std::vector<std::string>{"none"}) names.clear();
  return names;
}

void CheckKeptCredentials(const Route& route, const std::vector<std::string>& query_parameters,
                          const std::string& path, Findings* findings) {
  for (const std::string& name : query_parameters) {
    const std::string placeholder = absl::StrCat("{query.", name, "}");
    const auto check = [&](const std::string& text, const char* where) {
      if (!absl::StrContains(text, placeholder)) return;
      findings->Error(path + where, absl::StrCat(placeholder, " may hold a credential ",
                                                 "(http.credentials.query_parameters), which ",
                                                 "goes nowhere but to the authorizer"));
    };
    for (const std::string& topic : route.topics) check(topic, ".topics");
    for (const auto& [key, value] : route.filter) check(value, ".filter");
    if (route.call && route.call->request) check(*route.call->request, ".call.request");
  }
}

}  // namespace sluice

#include "bridge/access/check_request.h"

#include <algorithm>
#include <string_view>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "bridge/access/ext_authz_authorizer.h"
#include "bridge/base/json_quote.h"

namespace sluice {
namespace {

namespace auth = envoy::service::auth::v3;
using Peer = auth::AttributeContext::Peer;
using HttpRequest = auth::AttributeContext::HttpRequest;

constexpr std::string_view kUnix = "unix:";
constexpr char kAction[] = "action";
constexpr char kTopic[] = "topic";
constexpr char kTopics[] = "topics";
constexpr char kCertificateNames[] = "certificate_names";

const char* ActionName(Action action) {
  switch (action) {
    case Action::kSubscribe:
      return "subscribe";
    case Action::kPublish:
      return "publish";
    case Action::kReadStats:
      return "read_stats";
    case Action::kAdminister:
      return "administer";
    case Action::kReflect:
      return "reflect";
  }
  return "";
}

// A topic may hold a comma: only a list in JSON is the same for no two lists.
std::string JsonList(const std::vector<std::string>& texts) {
  return absl::StrCat("[",
                      absl::StrJoin(texts, ",",
                                    [](std::string* out, const std::string& text) {
                                      out->append(JsonQuote(text));
                                    }),
                      "]");
}

// "10.0.0.1:5", "[::1]:5" or "unix:/path".
void SetAddress(std::string_view address, Peer* peer) {
  if (address.starts_with(kUnix)) {
    peer->mutable_address()->mutable_pipe()->set_path(std::string(address.substr(kUnix.size())));
    return;
  }
  const size_t colon = address.rfind(':');
  if (colon == std::string_view::npos) return;
  uint32_t port = 0;
  const std::string_view digits = address.substr(colon + 1);
  if (!absl::SimpleAtoi(absl::string_view(digits.data(), digits.size()), &port)) return;
  std::string_view host = address.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  auto* socket = peer->mutable_address()->mutable_socket_address();
  socket->set_address(std::string(host));
  socket->set_port_value(port);
}

void SetHttp(const AuthorizationRequest& request, HttpRequest* http) {
  http->set_method(request.request.method);
  http->set_path(request.request.path);
  http->set_host(request.request.host);
  http->set_scheme(request.request.scheme);
  http->set_size(-1);
  for (const auto& [name, value] : request.headers) (*http->mutable_headers())[name] = value;
  if (!request.credential.empty()) {
    (*http->mutable_headers())["authorization"] = absl::StrCat("Bearer ", request.credential);
  }
}

}  // namespace

bool IsOwnContextExtension(const std::string& key) {
  return key == kAction || key == kTopic || key == kTopics || key == kCertificateNames;
}

auth::CheckRequest ToCheckRequest(const AuthorizationRequest& request,
                                  const ContextExtensions& extensions, absl::Time now) {
  auth::CheckRequest check;
  auth::AttributeContext& attributes = *check.mutable_attributes();
  if (!request.peer_address.empty()) {
    SetAddress(request.peer_address, attributes.mutable_source());
  }
  auto* time = attributes.mutable_request()->mutable_time();
  const int64_t seconds = absl::ToUnixSeconds(now);
  time->set_seconds(seconds);
  time->set_nanos(
      static_cast<int32_t>(absl::ToInt64Nanoseconds(now - absl::FromUnixSeconds(seconds))));
  SetHttp(request, attributes.mutable_request()->mutable_http());

  auto& context = *attributes.mutable_context_extensions();
  for (const auto& [key, value] : extensions) context[key] = value;
  context[kAction] = ActionName(request.action);
  context[kTopics] = JsonList(request.topics);
  context.erase(kTopic);
  if (request.topics.size() == 1) context[kTopic] = request.topics.front();
  context.erase(kCertificateNames);
  if (!request.certificate_names.empty()) {
    attributes.mutable_source()->set_principal(request.certificate_names.front());
    context[kCertificateNames] = JsonList(request.certificate_names);
  }
  return check;
}

}  // namespace sluice

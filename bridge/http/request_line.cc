#include "bridge/http/request_line.h"

#include <algorithm>

#include "bridge/base/utf8.h"
#include "bridge/route/percent.h"

namespace sluice {
namespace {

constexpr std::string_view kResumeParameters[] = {"last_event_id", "lastEventId"};

// Names are compared as they are read: decoded. (What cannot be decoded is not told.)
bool IsRemoved(std::string_view parameter, const std::vector<std::string>& removed) {
  const std::optional<std::string> name = FormDecode(parameter.substr(0, parameter.find('=')));
  return !name || std::find(removed.begin(), removed.end(), *name) != removed.end() ||
         std::find(std::begin(kResumeParameters), std::end(kResumeParameters), *name) !=
             std::end(kResumeParameters);
}

}  // namespace

std::string PublicTarget(std::string_view target, const std::vector<std::string>& removed) {
  const size_t question = target.find('?');
  std::string shown(target.substr(0, question));
  if (question == std::string_view::npos) return shown;
  char separator = '?';
  for (std::string_view rest = target.substr(question + 1); !rest.empty();) {
    const std::string_view parameter = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(rest.size(), parameter.size() + 1));
    if (parameter.empty() || IsRemoved(parameter, removed)) continue;
    shown.push_back(separator);
    shown.append(parameter);
    separator = '&';
  }
  return shown;
}

std::optional<RequestLine> RequestLineOf(const RequestHead& head, bool secure,
                                         const std::vector<std::string>& credentials) {
  RequestLine line{.method = head.method,
                   .path = PublicTarget(head.target, credentials),
                   .host = head.Field("host").value_or(""),
                   .scheme = secure ? "https" : "http"};
  if (!IsUtf8(line.path) || !IsUtf8(line.host)) return std::nullopt;
  return line;
}

}  // namespace sluice

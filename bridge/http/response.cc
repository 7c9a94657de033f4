#include "bridge/http/response.h"

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "bridge/base/text.h"
#include "bridge/http/status.h"

namespace sluice {
namespace {

void AddField(std::string& head, std::string_view name, std::string_view value) {
  absl::StrAppend(&head, AsAbsl(name), ": ", AsAbsl(value), "\r\n");
}

// RFC 9112, section 6.1: no content, and nothing that announces one.
bool HasNoContent(int status) { return status == 204; }

}  // namespace

std::string FormatHead(const Response& response, ResponseForm form, absl::Time now) {
  std::string head =
      absl::StrCat("HTTP/1.1 ", response.status, " ", AsAbsl(StatusTitle(response.status)), "\r\n");
  // IMF-fixdate (RFC 9110, section 5.6.7).
  AddField(head, "Date", absl::FormatTime("%a, %d %b %E4Y %H:%M:%S GMT", now, absl::UTCTimeZone()));
  for (const auto& [name, value] : response.fields) AddField(head, name, value);
  if (response.stream) {
    if (!form.http10) AddField(head, "Transfer-Encoding", "chunked");
  } else if (!HasNoContent(response.status)) {
    AddField(head, "Content-Length", absl::StrCat(response.body.size()));
  }
  if (!form.keep_alive || response.close) {
    AddField(head, "Connection", "close");
  } else if (response.stream) {
    AddField(head, "Connection", "keep-alive");
  }
  head += "\r\n";
  return head;
}

std::string FormatResponse(const Response& response, ResponseForm form, absl::Time now) {
  std::string bytes = FormatHead(response, form, now);
  if (!form.head_only && !HasNoContent(response.status)) bytes += response.body;
  return bytes;
}

}  // namespace sluice

// An HTTP response, made whole before it is written (RFC 9112).
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/time/time.h"

namespace sluice {

// Names as they are written; values hold no CR, LF.
using HeaderFields = std::vector<std::pair<std::string, std::string>>;

struct Response {
  int status = 200;
  HeaderFields fields;
  std::string body;
  // An event stream follows the head, chunked, or as it is on HTTP/1.0.
  bool stream = false;
  // Whether the route lets other origins read it.
  bool cors = true;
  // Close the connection behind it.
  bool close = false;
};

// How the request that is answered was made.
struct ResponseForm {
  bool http10 = false;
  bool keep_alive = true;
  bool head_only = false;
};

// Status line and fields, with the empty line.
std::string FormatHead(const Response& response, ResponseForm form, absl::Time now);
// With the body, which a HEAD request does not get.
std::string FormatResponse(const Response& response, ResponseForm form, absl::Time now);

}  // namespace sluice

#include "bridge/http/request_head.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "boost/asio/buffer.hpp"
#include "boost/beast/http/empty_body.hpp"
#include "boost/beast/http/parser.hpp"
#include "boost/beast/http/verb.hpp"
#include "bridge/base/text.h"
#include "bridge/http/request_host.h"

namespace sluice {
namespace {

namespace http = boost::beast::http;

// Room for the method and the version beside the target.
constexpr size_t kRequestLineRest = 64;

Refusal Broken(std::string detail) {
  return {.reason = Reason::kBadRequest, .status = 400, .detail = std::move(detail), .close = true};
}

Refusal Unsupported(int status, std::string detail) {
  return {
      .reason = Reason::kBadRequest, .status = status, .detail = std::move(detail), .close = true};
}

Refusal TooLarge(int status, std::string_view what, uint64_t bytes_max) {
  return {.reason = Reason::kTooLarge,
          .status = status,
          .detail = absl::StrCat(AsAbsl(what), " is longer than ", bytes_max, " bytes"),
          .close = true};
}

// What readers along the way might take for a line's end, or not, is refused wherever it
// stands. (Of the last byte nothing can be said yet.)
bool HasStrayLineBreak(std::string_view bytes, size_t from) {
  for (size_t i = from; i < bytes.size(); ++i) {
    if (bytes[i] == '\n' && (i == 0 || bytes[i - 1] != '\r')) return true;
    if (bytes[i] == '\r' && i + 1 < bytes.size() && bytes[i + 1] != '\n') return true;
  }
  return false;
}

// A line that goes on with the next (RFC 9112, section 5.2).
bool IsFolded(std::string_view head) {
  return head.find("\r\n ") != std::string_view::npos ||
         head.find("\r\n\t") != std::string_view::npos;
}

// A method, a target and a version, of whatever kind: what else there is, is no request.
bool HasThreeWords(std::string_view head) {
  const std::string_view line = head.substr(0, head.find("\r\n"));
  return std::count(line.begin(), line.end(), ' ') == 2 && !line.ends_with(' ');
}

// RFC 9112, section 3.2: whose request it is must not depend on who reads it, either.
std::optional<Refusal> ReadHost(RequestHead& head) {
  const auto is_host = [](const auto& field) { return field.first == "host"; };
  const auto hosts = std::count_if(head.fields.begin(), head.fields.end(), is_host);
  if (hosts > 1 || (hosts == 0 && !head.http10)) return Broken("send one Host header");
  auto field = std::find_if(head.fields.begin(), head.fields.end(), is_host);
  if (hosts == 1 && !IsHost(field->second)) return Broken("the Host header holds no host");
  const std::optional<AbsoluteTarget> absolute = SplitAbsoluteTarget(head.target);
  if (!absolute) return std::nullopt;
  if (absolute->host.empty() || !IsHost(absolute->host)) {
    return Broken("the request target holds no host");
  }
  if (hosts == 0) field = head.fields.emplace(field, "host", "");
  field->second = std::string(absolute->host);
  head.target = absolute->origin_form;
  return std::nullopt;
}

template <typename Fields>
size_t Count(const Fields& fields, http::field name) {
  return fields.count(name);
}

// RFC 9112, section 6.3: where the body ends must not depend on who reads it.
template <typename Message>
std::optional<Refusal> CheckBody(const Message& message, RequestHead& head) {
  if (Count(message, http::field::transfer_encoding) > 0) {
    if (Count(message, http::field::content_length) > 0) {
      return Broken("send Content-Length or Transfer-Encoding, not both");
    }
    return Unsupported(411, "request bodies need a Content-Length");
  }
  if (Count(message, http::field::content_length) > 0) {
    const auto length = message[http::field::content_length];
    if (Count(message, http::field::content_length) > 1 || length.find(',') != length.npos) {
      return Broken("send one Content-Length");
    }
    if (!absl::SimpleAtoi(absl::string_view(length.data(), length.size()), &head.body_bytes)) {
      return Broken("Content-Length is not a number");
    }
    if (head.body_bytes > kRequestBodyBytesMax) {
      return TooLarge(413, "the request's body", kRequestBodyBytesMax);
    }
  }
  if (const auto expect = message.find(http::field::expect); expect != message.end()) {
    if (!boost::beast::iequals(expect->value(), "100-continue")) {
      return Unsupported(417, "the only expectation that is understood is 100-continue");
    }
    head.expects_continue = !head.http10 && head.body_bytes > 0;
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> RequestHead::Field(std::string_view name) const {
  std::optional<std::string> joined;
  for (const auto& [key, value] : fields) {
    if (key != name) continue;
    if (joined) {
      absl::StrAppend(&*joined, ", ", value);
    } else {
      joined = value;
    }
  }
  return joined;
}

std::optional<size_t> FindHeadEnd(std::string_view bytes, size_t searched) {
  constexpr std::string_view kEnd = "\r\n\r\n";
  const size_t at = bytes.find(kEnd, searched - std::min(searched, kEnd.size() - 1));
  if (at == std::string_view::npos) return std::nullopt;
  return at + kEnd.size();
}

std::optional<Refusal> CheckUnfinishedHead(std::string_view bytes, const RequestLimits& limits,
                                           size_t searched) {
  if (HasStrayLineBreak(bytes, searched - std::min<size_t>(searched, 1)))
    return Broken("lines end with CR and LF");
  const size_t line = std::min(bytes.size(), bytes.find("\r\n"));
  if (line > limits.target_bytes_max + kRequestLineRest) {
    return TooLarge(414, "the request target", limits.target_bytes_max);
  }
  if (bytes.size() > limits.head_bytes_max) {
    return TooLarge(431, "the request's head", limits.head_bytes_max);
  }
  return std::nullopt;
}

std::variant<RequestHead, Refusal> ParseRequestHead(std::string_view bytes,
                                                    const RequestLimits& limits) {
  if (auto refusal = CheckUnfinishedHead(bytes, limits)) return *std::move(refusal);
  if (IsFolded(bytes)) return Broken("a header field is one line");
  http::request_parser<http::empty_body> parser;
  parser.header_limit(static_cast<uint32_t>(bytes.size()));
  // Bodies are not Beast's business here; their length is checked below.
  parser.body_limit(boost::none);
  boost::system::error_code error;
  parser.put(boost::asio::buffer(bytes), error);
  if (!parser.is_header_done()) {
    if (error == http::error::bad_version && HasThreeWords(bytes)) {
      return Unsupported(505, "speak HTTP/1.1");
    }
    return Broken(absl::StrCat("not an HTTP request: ", error.message()));
  }
  const auto& message = parser.get();
  // What follows it would be no HTTP.
  if (message.method() == http::verb::connect) return Unsupported(501, "this is no proxy");
  if (message.target().size() > limits.target_bytes_max) {
    return TooLarge(414, "the request target", limits.target_bytes_max);
  }
  RequestHead head;
  head.method = std::string(message.method_string());
  head.method_known = message.method() != http::verb::unknown;
  head.target = std::string(message.target());
  head.http10 = message.version() == 10;
  head.keep_alive = !head.http10 && message.keep_alive();
  if (auto refusal = CheckBody(message, head)) return *std::move(refusal);
  for (const auto& field : message) {
    const auto name = field.name_string();
    head.fields.emplace_back(absl::AsciiStrToLower(absl::string_view(name.data(), name.size())),
                             std::string(field.value()));
  }
  if (auto refusal = ReadHost(head)) return *std::move(refusal);
  return head;
}

}  // namespace sluice

// The head of an HTTP/1 request (RFC 9112), read from bytes that anybody sent.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "bridge/http/refusal.h"

namespace sluice {

// Of a body: it is read whole, and kept where it may mean something (POST).
inline constexpr uint64_t kRequestBodyBytesMax = 64 * 1024;

struct RequestLimits {
  uint32_t head_bytes_max = 16 * 1024;
  uint32_t target_bytes_max = 8 * 1024;
};

struct RequestHead {
  std::string method;
  bool method_known = false;  // one that HTTP has registered
  std::string target;         // one in absolute form is in origin form here, its host in `fields`
  bool http10 = false;
  bool keep_alive = true;  // what the client wishes
  uint64_t body_bytes = 0;
  bool expects_continue = false;
  std::vector<std::pair<std::string, std::string>> fields;  // names in lower case

  // Fields of one name, joined with ", " (RFC 9110, section 5.3). Nothing: none.
  std::optional<std::string> Field(std::string_view name) const;
};

// The bytes of the head at the front of `bytes`, with its empty line. Nothing:
// it has not come whole. `searched`: bytes that were searched before.
std::optional<size_t> FindHeadEnd(std::string_view bytes, size_t searched = 0);

// What can be said of a head that has not come whole: a bound it passed, a line that ends
// as none may.
std::optional<Refusal> CheckUnfinishedHead(std::string_view bytes, const RequestLimits& limits,
                                           size_t searched = 0);

// `bytes` is a whole head. What could be read in two ways is refused, and the
// connection is closed behind it.
std::variant<RequestHead, Refusal> ParseRequestHead(std::string_view bytes,
                                                    const RequestLimits& limits);

}  // namespace sluice

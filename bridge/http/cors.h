// Cross-origin resource sharing (WHATWG Fetch, section 3.2): which origins'
// scripts may read a response. Another origin gets no CORS fields at all.
#pragma once

#include <string_view>

#include "bridge/http/http_server.h"
#include "bridge/http/response.h"

namespace sluice {

// Immutable; thread-safe.
class Cors {
 public:
  explicit Cors(CorsPolicy policy);

  // Whether the origin is listed by name, not by "*".
  bool Names(std::string_view origin) const;
  // For a response to a request from `origin` (empty: the request names none).
  void AddTo(std::string_view origin, HeaderFields& fields) const;
  // For the answer to a preflight of a target that serves `methods`.
  void AddPreflightTo(std::string_view origin, std::string_view methods,
                      HeaderFields& fields) const;

 private:
  bool AddOrigin(std::string_view origin, HeaderFields& fields) const;

  CorsPolicy policy_;
  bool any_origin_ = false;
};

}  // namespace sluice

// The target of an HTTP request in origin form (RFC 9112, section 3.2.1),
// taken apart: path and query parameters.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

namespace sluice {

inline constexpr size_t kQueryParametersMax = 256;

class RequestTarget {
 public:
  // INVALID_ARGUMENT: not in origin form, a broken percent-encoding, control
  // characters, or too many parameters.
  static absl::StatusOr<RequestTarget> Parse(std::string_view target);

  // As sent, without the query.
  const std::string& path() const { return path_; }
  // The first of that name, decoded ('+' is a space).
  std::optional<std::string_view> Query(std::string_view name) const;
  std::vector<std::string_view> QueryAll(std::string_view name) const;
  // Name and value, decoded, in their order.
  const std::vector<std::pair<std::string, std::string>>& parameters() const { return query_; }

 private:
  std::string path_;
  std::vector<std::pair<std::string, std::string>> query_;
};

// The name of a parameter as it may be repeated, to the client and in the log: one that
// looks as names do. (A client's mistake may have put its credential there.)
std::string_view ShownName(std::string_view name);

}  // namespace sluice

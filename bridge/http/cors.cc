#include "bridge/http/cors.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace sluice {
namespace {

constexpr std::string_view kAnyOrigin = "*";

}  // namespace

Cors::Cors(CorsPolicy policy) : policy_(std::move(policy)) {
  auto& origins = policy_.origins;
  const auto any = std::remove(origins.begin(), origins.end(), kAnyOrigin);
  any_origin_ = any != origins.end();
  origins.erase(any, origins.end());
}

bool Cors::Names(std::string_view origin) const {
  const auto& listed = policy_.origins;
  return std::find(listed.begin(), listed.end(), origin) != listed.end();
}

// An origin that is listed is named, so that it may send credentials; "*"
// never goes together with them, whatever the configuration says.
bool Cors::AddOrigin(std::string_view origin, HeaderFields& fields) const {
  // A cache must not give one origin what was answered to another.
  if (!policy_.origins.empty()) fields.emplace_back("Vary", "Origin");
  if (Names(origin)) {
    fields.emplace_back("Access-Control-Allow-Origin", origin);
    if (policy_.credentials) fields.emplace_back("Access-Control-Allow-Credentials", "true");
    return true;
  }
  if (any_origin_) fields.emplace_back("Access-Control-Allow-Origin", kAnyOrigin);
  return any_origin_;
}

void Cors::AddTo(std::string_view origin, HeaderFields& fields) const {
  if (!AddOrigin(origin, fields) || policy_.exposed_headers.empty()) return;
  fields.emplace_back("Access-Control-Expose-Headers",
                      absl::StrJoin(policy_.exposed_headers, ", "));
}

void Cors::AddPreflightTo(std::string_view origin, std::string_view methods,
                          HeaderFields& fields) const {
  if (!AddOrigin(origin, fields)) return;
  fields.emplace_back("Access-Control-Allow-Methods", methods);
  if (!policy_.headers.empty()) {
    fields.emplace_back("Access-Control-Allow-Headers", absl::StrJoin(policy_.headers, ", "));
  }
  fields.emplace_back("Access-Control-Max-Age",
                      absl::StrCat(absl::ToInt64Seconds(policy_.max_age)));
}

}  // namespace sluice

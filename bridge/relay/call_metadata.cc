#include "bridge/relay/call_metadata.h"

#include <algorithm>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "bridge/base/text.h"
#include "bridge/relay/metadata.h"

namespace sluice {
namespace {

using Metadata = std::vector<std::pair<std::string, std::string>>;

bool IsTrace(std::string_view name) { return name == "traceparent" || name == "tracestate"; }

absl::Status Add(std::string_view what, const std::string& key, std::string_view text,
                 Metadata* metadata) {
  absl::Status good = CheckMetadataKey(key);
  if (good.ok()) {
    absl::StatusOr<std::string> value = MetadataValue(key, text);
    if (value.ok()) {
      metadata->emplace_back(key, *std::move(value));
      return good;
    }
    good = value.status();
  }
  return absl::InvalidArgumentError(absl::StrCat(AsAbsl(what), " \"", key, "\": ", good.message()));
}

}  // namespace

absl::StatusOr<Metadata> CallMetadata(const CallPolicy& policy, const CallInput& input) {
  Metadata metadata;
  for (const auto& [key, value] : policy.metadata) {
    if (absl::Status s = Add("metadata", key, value, &metadata); !s.ok()) return s;
  }
  if (!input.subject.empty()) {
    const absl::Status s = Add("metadata", kSubjectKey, input.subject, &metadata);
    if (!s.ok()) return s;
  }
  for (const auto& [name, value] : input.headers) {
    if (name == kSubjectKey) continue;
    if (IsTrace(name)) {
      // One that is broken is started anew by whoever comes next (W3C Trace Context).
      if (IsMetadata(name, value)) metadata.emplace_back(name, value);
      continue;
    }
    if (std::find(policy.headers.begin(), policy.headers.end(), name) == policy.headers.end()) {
      continue;
    }
    if (absl::Status s = Add("header", name, value, &metadata); !s.ok()) return s;
  }
  return metadata;
}

}  // namespace sluice

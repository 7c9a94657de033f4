#include "bridge/schema/unknown_type.h"

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "bridge/base/text.h"

namespace sluice {
namespace {

constexpr char kUnknownType[] = "sluice.v1/unknown_type";

}  // namespace

absl::Status UnknownType(std::string_view full_name) {
  absl::Status status = absl::InvalidArgumentError(
      absl::StrCat("the bridge does not know the type \"", AsAbsl(full_name),
                   "\" (schema.descriptor_sets names the files it reads)"));
  status.SetPayload(kUnknownType, absl::Cord(AsAbsl(full_name)));
  return status;
}

std::optional<std::string> UnknownTypeOf(const absl::Status& status) {
  const absl::optional<absl::Cord> name = status.GetPayload(kUnknownType);
  if (!name) return std::nullopt;
  return std::string(*name);
}

std::string_view MessageNameOf(std::string_view type_url) {
  const size_t slash = type_url.rfind('/');
  return slash == std::string_view::npos ? type_url : type_url.substr(slash + 1);
}

}  // namespace sluice

#include "bridge/http/call_failure.h"

#include <string>

#include "absl/strings/str_cat.h"

namespace sluice {
namespace {

struct Told {
  int status;
  const char* detail;  // null: what the backend said
};

// What a client caused it is told in the backend's words; the rest is for the log.
Told ToldOf(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kUnauthenticated:
      return {401, nullptr};
    case absl::StatusCode::kPermissionDenied:
      return {403, nullptr};
    case absl::StatusCode::kNotFound:
      return {404, nullptr};
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kOutOfRange:
      return {400, nullptr};
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kAborted:
      return {409, nullptr};
    case absl::StatusCode::kResourceExhausted:
      return {429, "the backend has too much to do now; try again later"};
    case absl::StatusCode::kUnimplemented:
      return {501, "the backend does not serve this"};
    case absl::StatusCode::kUnavailable:
      return {503, "the backend cannot be reached now; try again"};
    case absl::StatusCode::kDeadlineExceeded:
      return {504, "the backend took too long to answer"};
    default:
      return {502, "the backend failed"};
  }
}

}  // namespace

Refusal RefusalOfCall(const absl::Status& status) {
  const Told told = ToldOf(status.code());
  std::string detail = told.detail ? told.detail : std::string(status.message());
  if (detail.empty()) detail = "the backend refused this";
  return {.reason = Reason::kBackendFailed,
          .status = told.status,
          .detail = std::move(detail),
          .cause = absl::StrCat(absl::StatusCodeToString(status.code()), ": ", status.message())};
}

}  // namespace sluice

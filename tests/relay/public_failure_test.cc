#include "bridge/relay/public_failure.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

TEST(PublicFailure, ClientsAreToldWhatTheBackendSaid) {
  const absl::Status refused = absl::InvalidArgumentError("message: ask something");
  EXPECT_EQ(PublicFailure(refused, false), refused);
  EXPECT_EQ(PublicFailure(refused, true), refused);
  const absl::Status busy = absl::UnavailableError("the model is being loaded");
  EXPECT_EQ(PublicFailure(busy, true), busy);
}

TEST(PublicFailure, ClientsAreNotToldWhatWasNotWrittenForThem) {
  const absl::Status away = absl::UnavailableError("failed to connect to ipv4:10.0.0.7:50051");
  EXPECT_EQ(PublicFailure(away, false).message().find("10.0.0.7"), absl::string_view::npos);
  EXPECT_EQ(PublicFailure(away, false).code(), absl::StatusCode::kUnavailable);
  const absl::Status uncaught = absl::UnknownError("Exception: postgres://app:secret@db");
  for (const bool started : {false, true}) {
    EXPECT_EQ(PublicFailure(uncaught, started), absl::UnknownError("the backend failed"));
  }
}

}  // namespace
}  // namespace sluice

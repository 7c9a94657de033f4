// What JetStream's errors are taken for.
#include "bridge/event_log/jetstream/api_error.h"

#include <gtest/gtest.h>

#include "bridge/event_log/jetstream/stream_info.h"

namespace sluice {
namespace {

struct Error {
  uint64_t code;
  uint64_t error_code;
  const char* description;
  absl::StatusCode meaning;
};

class ApiError : public testing::TestWithParam<Error> {};

TEST_P(ApiError, MeansThatItPassesOrThatItStays) {
  const Error& error = GetParam();
  const absl::Status status = StatusOfApiError(error.code, error.error_code, error.description);
  EXPECT_EQ(status.code(), error.meaning) << status;
  EXPECT_NE(status.message().find(error.description), absl::string_view::npos) << status;
  EXPECT_NE(status.message().find(std::to_string(error.error_code)), absl::string_view::npos);
}

constexpr auto kPasses = absl::StatusCode::kUnavailable;
constexpr auto kStays = absl::StatusCode::kFailedPrecondition;

INSTANTIATE_TEST_SUITE_P(
    Of, ApiError,
    testing::Values(Error{400, 10005, "no suitable peers for placement", kPasses},
                    Error{503, 10023, "insufficient resources", kPasses},
                    Error{503, 10076, "JetStream not enabled", kPasses},
                    Error{503, 10077, "maximum bytes exceeded", kPasses},
                    Error{409, 10158, "duplicate message id is in process", kPasses},
                    Error{400, 10058, "stream name already in use with a different configuration",
                          kPasses},
                    Error{400, 10002, "resource limits exceeded for account", kPasses},
                    Error{429, 10167, "too many requests", kPasses},
                    Error{503, 10008, "JetStream system temporarily unavailable", kPasses},
                    Error{500, 10118, "stream is offline", kPasses}, Error{0, 0, "", kPasses},
                    Error{500, 10074, "replicas > 1 not supported in non-clustered mode", kStays},
                    Error{500, 10052, "max bytes", kStays},
                    Error{503, 10039, "JetStream not enabled for account", kStays},
                    Error{400, 10065, "subjects overlap with an existing stream", kStays},
                    Error{400, 10060, "expected stream does not match", kStays},
                    Error{400, 10109, "invalid operation on sealed stream", kStays},
                    Error{400, 10054, "message size exceeds", absl::StatusCode::kResourceExhausted},
                    Error{404, 10059, "stream not found", absl::StatusCode::kNotFound}),
    [](const auto& error) { return "Error" + std::to_string(error.param.error_code); });

TEST(ApiErrors, AreReadOutOfAnswers) {
  EXPECT_EQ(ParseError(R"({"error": {"code": 400, "err_code": 10005, "description": "x"}})").code(),
            kPasses);
  EXPECT_EQ(ParseError(R"({"error": 7})").code(), kPasses);
  EXPECT_EQ(ParseError(R"({"error": {"code": "a", "err_code": []}})").code(), kPasses);
  EXPECT_EQ(ParseError("[]").code(), kPasses);
  EXPECT_TRUE(ParseError("{}").ok());
}

}  // namespace
}  // namespace sluice

#include "bridge/route/event_template.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace sluice {
namespace {

const absl::Time kNow = absl::FromUnixMillis(1'700'000'000'250);

std::string Filled(std::string data, const absl::Status& status = absl::OkStatus()) {
  return FromTemplate({"error", std::move(data)}, status, kNow).data.value();
}

TEST(EventTemplate, IsAnEventThatEndsTheStream) {
  const Event event = FromTemplate({"done", "{}"}, absl::OkStatus(), kNow);
  EXPECT_EQ(event.type, "done");
  EXPECT_EQ(event.data, "{}");
  EXPECT_EQ(event.time, kNow);
  EXPECT_TRUE(event.end_of_stream);
  EXPECT_EQ(event.topic, "");
}

TEST(EventTemplate, SaysWhatTheCallsStatusWas) {
  EXPECT_EQ(Filled(R"({"code":"${code}","message":"it said: ${message}."})",
                   absl::NotFoundError("no such user")),
            R"({"code":"NOT_FOUND","message":"it said: no such user."})");
  EXPECT_EQ(Filled(R"("${code}")"), R"("OK")");
}

TEST(EventTemplate, SaysWhenItWas) {
  EXPECT_EQ(Filled(R"({"at":"${now}"})"), R"({"at":"2023-11-14T22:13:20.250Z"})");
}

TEST(EventTemplate, StaysJsonWhateverTheBackendSaid) {
  const std::string said = "a \"quoted\"\nline, a \\ and \x01 and \xff ${code}";
  const std::string data = Filled(R"({"message":"${message}"})", absl::InternalError(said));
  EXPECT_EQ(data.find('\n'), std::string::npos);
  EXPECT_EQ(nlohmann::json::parse(data).at("message"),
            "a \"quoted\"\nline, a \\ and \x01 and \xEF\xBF\xBD ${code}");
}

TEST(EventTemplate, LeavesOtherNamesAlone) {
  EXPECT_EQ(Filled(R"("${cod} $ {code} ${ ${code} $")"), R"("${cod} $ {code} ${ OK $")");
}

}  // namespace
}  // namespace sluice

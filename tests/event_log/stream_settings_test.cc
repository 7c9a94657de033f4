// Which differences between a stream and the configuration matter.
#include "bridge/event_log/jetstream/stream_settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace sluice {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr int64_t kHour = 3'600'000'000'000;

class Settings : public testing::Test {
 protected:
  Settings() {
    options_.replicas = 3;
    options_.max_age = absl::Hours(2);
    options_.events_per_topic = 100;
    stream_ = json::parse(StreamRequest(options_));
  }
  StreamSettings Compare() { return CompareSettings(stream_.dump(), options_); }

  JetStreamEventLogOptions options_;
  json stream_;
};

TEST_F(Settings, AreAsTheStreamWasMade) {
  EXPECT_THAT(Compare().contradictions, IsEmpty());
  EXPECT_THAT(Compare().keeps_less, IsEmpty());
  EXPECT_EQ(Compare().deduplication_window, absl::Minutes(2));
  EXPECT_EQ(Compare().messages_per_subject_max, 100u);
}

TEST_F(Settings, MayBeWhatTouchesNoEvents) {
  stream_["description"] = "ours";
  stream_["republish"] = {{"src", ">"}, {"dest", "copy.>"}};
  stream_["placement"] = {{"cluster", "east"}};
  stream_["allow_direct"] = true;
  stream_["allow_rollup_hdrs"] = true;
  stream_["max_consumers"] = -1;
  stream_["max_msgs"] = -1;
  stream_["max_msg_size"] = -1;
  stream_["metadata"] = {{"a", "b"}};
  EXPECT_TRUE(CheckSettings(Compare(), options_).ok());
}

TEST_F(Settings, MayKeepMoreThanIsConfigured) {
  stream_["num_replicas"] = 5;
  stream_["max_age"] = 0;
  stream_["max_msgs_per_subject"] = -1;
  stream_["duplicate_window"] = kHour;
  options_.total_bytes = 1000;
  EXPECT_TRUE(CheckSettings(Compare(), options_).ok());
  stream_["max_age"] = 3 * kHour;
  stream_["max_msgs_per_subject"] = 101;
  stream_["max_bytes"] = 1001;
  EXPECT_TRUE(CheckSettings(Compare(), options_).ok());
  EXPECT_EQ(Compare().messages_per_subject_max, 101u);
}

TEST_F(Settings, AreToldWhereTheyKeepLess) {
  stream_["max_age"] = kHour;
  stream_["max_bytes"] = 1000;
  stream_["max_msgs_per_subject"] = 99;
  stream_["max_msgs"] = 5;
  EXPECT_THAT(Compare().contradictions, IsEmpty());
  EXPECT_THAT(Compare().keeps_less,
              ElementsAre("max_msgs_per_subject is 99, less than the configured 100",
                          "max_age is 1h, less than the configured 2h",
                          "max_bytes is 1000, less than the configured unlimited",
                          "max_msgs is 5, less than the configured unlimited"));
  const absl::Status refused = CheckSettings(Compare(), options_);
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(refused.message()), HasSubstr("max_age is 1h"));
}

TEST_F(Settings, AreToldWhereAPromiseWouldNotHold) {
  stream_["subjects"] = {"other.>"};
  stream_["retention"] = "interest";
  stream_["discard"] = "new";
  stream_["storage"] = "memory";
  stream_["sealed"] = true;
  stream_["no_ack"] = true;
  stream_["mirror"] = {{"name", "X"}};
  stream_["num_replicas"] = 1;
  stream_["duplicate_window"] = kHour / 60;
  EXPECT_THAT(
      Compare().contradictions,
      ElementsAre(R"(subjects is ["other.>"], not ["sluice.kept.>"])",
                  R"(retention is "interest", not "limits")", R"(discard is "new", not "old")",
                  R"(storage is "memory", not "file")", "sealed is true", "no_ack is true",
                  "mirror is set", "num_replicas is 1, less than the configured 3",
                  "duplicate_window is 1m, less than the configured 2m"));
}

TEST_F(Settings, OfAnotherShapeAreNoReasonToFall) {
  for (const char* shape : {"", "[]", "7", R"({"max_age": "long", "subjects": 7, "sealed": 1})"}) {
    (void)CompareSettings(shape, options_);
  }
}

}  // namespace
}  // namespace sluice

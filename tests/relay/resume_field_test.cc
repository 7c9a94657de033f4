#include "bridge/relay/resume_field.h"

#include <gtest/gtest.h>

#include "sluice/v1/event.pb.h"
#include "sluice/v1/event_source.pb.h"

namespace sluice {
namespace {

TEST(ResumeField, IsFoundAmongOtherFields) {
  v1::Event event;
  event.set_topic("a");
  event.set_id("42");
  event.mutable_time()->set_seconds(7);
  event.set_transient(true);
  const std::string bytes = event.SerializeAsString();
  EXPECT_EQ(FindStringField(bytes, v1::Event::kIdFieldNumber), "42");
  EXPECT_EQ(FindStringField(bytes, v1::Event::kTopicFieldNumber), "a");
  EXPECT_EQ(FindStringField(bytes, v1::Event::kTypeFieldNumber), std::nullopt);
}

TEST(ResumeField, IsTheLastOfSeveral) {
  std::string bytes;
  AddStringField(2, "first", &bytes);
  AddStringField(2, "last", &bytes);
  EXPECT_EQ(FindStringField(bytes, 2), "last");
}

TEST(ResumeField, IsNotLookedForInBrokenBytes) {
  v1::Event event;
  event.set_id("42");
  event.set_topic(std::string(300, 't'));
  const std::string bytes = event.SerializeAsString();
  for (size_t length = 0; length < bytes.size(); ++length) {
    EXPECT_EQ(FindStringField(bytes.substr(0, length), v1::Event::kIdFieldNumber), std::nullopt);
  }
  EXPECT_EQ(FindStringField("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 2), std::nullopt);
  EXPECT_EQ(FindStringField("\x12\xff\xff\xff\xff\x07", 2), std::nullopt);
}

TEST(ResumeField, WinsOverWhatTheMessageHad) {
  v1::WatchRequest request;
  request.add_topics("a");
  request.set_resume_token("old");
  std::string bytes = request.SerializeAsString();
  AddStringField(v1::WatchRequest::kResumeTokenFieldNumber, std::string(1000, 'n'), &bytes);
  ASSERT_TRUE(request.ParseFromString(bytes));
  EXPECT_EQ(request.resume_token(), std::string(1000, 'n'));
  EXPECT_EQ(request.topics(0), "a");
}

}  // namespace
}  // namespace sluice

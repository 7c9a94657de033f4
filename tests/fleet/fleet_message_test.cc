// Messages that whoever reaches the subjects may send.
#include "bridge/fleet/fleet_message.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

namespace sluice {
namespace {

using fleet::v1::Message;
using testing::HasSubstr;

constexpr char kId[] = "0123456789abcdef01234567";

Message Good() {
  Message message;
  message.set_version(kFleetVersion);
  message.mutable_from()->set_id(kId);
  message.mutable_from()->set_name("node-1:8080");
  fleet::v1::Revocation* revocation = message.mutable_kept()->add_revocations();
  revocation->set_origin(kId);
  revocation->set_number(1);
  revocation->set_by(fleet::v1::BY_OPERATOR);
  revocation->set_topic_pattern("room/*");
  message.mutable_kept()->add_known()->set_origin(kId);
  return message;
}

TEST(FleetMessage, IsReadAsItWasWritten) {
  const auto read = ReadFleetMessage(Good().SerializeAsString());
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->SerializeAsString(), Good().SerializeAsString());
}

struct Broken {
  const char* name;
  std::function<void(Message*)> breaks;
  const char* why;
};
class BrokenMessage : public testing::TestWithParam<Broken> {};

TEST_P(BrokenMessage, IsRefused) {
  Message message = Good();
  GetParam().breaks(&message);
  const auto read = ReadFleetMessage(message.SerializeAsString());
  ASSERT_FALSE(read.ok());
  EXPECT_THAT(std::string(read.status().message()), HasSubstr(GetParam().why));
}

fleet::v1::Revocation* Of(Message* message) {
  return message->mutable_kept()->mutable_revocations(0);
}

INSTANTIATE_TEST_SUITE_P(
    FleetMessage, BrokenMessage,
    testing::Values(
        Broken{"version", [](Message* m) { m->set_version(2); }, "version 2"},
        Broken{"nothing", [](Message* m) { m->clear_kept(); }, "says nothing"},
        Broken{"id", [](Message* m) { m->mutable_from()->set_id("all.>"); }, "from.id is no id"},
        Broken{"id_case", [](Message* m) { m->mutable_from()->set_id("0123456789ABCDEF01234567"); },
               "from.id is no id"},
        Broken{"name", [](Message* m) { m->mutable_from()->set_name("a\nb"); }, "from.name"},
        Broken{"long_name", [](Message* m) { m->mutable_from()->set_name(std::string(257, 'a')); },
               "from.name"},
        Broken{"origin", [](Message* m) { Of(m)->set_origin("x"); }, "origin is no id"},
        Broken{"number", [](Message* m) { Of(m)->set_number(0); }, "number is 0"},
        Broken{"by", [](Message* m) { Of(m)->set_by(fleet::v1::BY_UNSPECIFIED); }, "by is unknown"},
        Broken{"age", [](Message* m) { Of(m)->mutable_age()->set_seconds(-1); }, "age is no time"},
        Broken{"nanos", [](Message* m) { Of(m)->mutable_age()->set_nanos(2'000'000'000); },
               "age is no time"},
        Broken{"pattern", [](Message* m) { Of(m)->set_topic_pattern("**/x"); }, "topic_pattern"},
        Broken{"nobody", [](Message* m) { Of(m)->clear_topic_pattern(); }, "everybody: "},
        Broken{"everybody", [](Message* m) { Of(m)->set_everybody(true); }, "everybody: "},
        Broken{"subject", [](Message* m) { Of(m)->set_subject("a\rb"); }, "subject"},
        Broken{"known", [](Message* m) { m->mutable_kept()->mutable_known(0)->set_origin(""); },
               "known: origin"},
        Broken{"forgotten",
               [](Message* m) { m->mutable_kept()->mutable_known(0)->set_forgotten_through(1); },
               "forgotten too much"},
        Broken{"many_known",
               [](Message* m) {
                 for (int i = 0; i < 257; ++i) m->mutable_kept()->add_known()->set_origin(kId);
               },
               "known: too many"},
        Broken{"long",
               [](Message* m) { Of(m)->set_reason(std::string(kFleetMessageBytesMax, 'x')); },
               "too long"}),
    [](const auto& kind) { return kind.param.name; });

TEST(FleetMessage, HasNoMoreOfAListThanFits) {
  fleet::v1::Answer answer;
  for (int i = 0; i < 1000; ++i) {
    answer.mutable_topics()->add_topics()->set_topic("topic/" + std::to_string(i));
  }
  answer.mutable_topics()->set_total(1000);
  fleet::v1::Answer whole = answer;
  ShortenTo(1 << 20, &whole);
  EXPECT_EQ(whole.topics().topics_size(), 1000);
  ShortenTo(4096, &answer);
  EXPECT_LE(answer.ByteSizeLong(), 4096u);
  EXPECT_GT(answer.topics().topics_size(), 50);
  EXPECT_EQ(answer.topics().topics(0).topic(), "topic/0") << "the first ones";
  EXPECT_EQ(answer.topics().total(), 1000u);
  fleet::v1::Answer list;
  for (int i = 0; i < 100; ++i) {
    list.mutable_subscribers()->add_subscribers()->set_subject(std::string(100, 'x'));
  }
  ShortenTo(100, &list);
  EXPECT_LE(list.ByteSizeLong(), 100u);
}

TEST(FleetMessage, IsNoGarbage) {
  for (const char* bytes : {"", "garbage", "\xff\xff\xff\xff"}) {
    EXPECT_FALSE(ReadFleetMessage(bytes).ok());
  }
}

}  // namespace
}  // namespace sluice

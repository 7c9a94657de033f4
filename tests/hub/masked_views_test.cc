// Subscribers that may not see everything: how often their events are encoded.
#include "bridge/event/masked_views.h"

#include <map>
#include <set>

#include "tests/hub/hub_fixture.h"

namespace sluice {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// Frames by the data that they were made of. They are held: one that was made anew is
// another one.
using Frames = std::map<std::string, std::set<FramePtr>>;

class FrameCounter final : public Subscriber {
 public:
  FrameCounter(Shard& shard, SubscriptionSpec spec, Frames& frames) : frames_(frames) {
    subscription_.emplace(shard, *this, std::move(spec));
  }
  void OnReady() override {
    std::array<Item, 8> items;
    while (const size_t count = subscription_->Peek(items, 1 << 20)) {
      for (size_t i = 0; i < count; ++i) {
        frames_[std::string(*items[i].event->data())].insert(subscription_->Own(items[i]));
      }
      subscription_->Advance(count);
    }
  }
  void OnHeartbeat(const FramePtr&) override {}
  void OnTick(absl::Time) override {}
  void OnDrain(Reason, uint32_t) override {}
  void OnCut(Reason) override { subscription_.reset(); }
  SubscriberDescription Describe() const override { return {}; }

 private:
  Frames& frames_;
  std::optional<Subscription> subscription_;
};

class MaskedViewsTest : public HubFixture {
 protected:
  // Made anew for each, as every answer of an authorizer is.
  static FrameViewPtr Only(const std::string& field) {
    return MaskedView(nullptr, *FieldMasks::Make({{"note", {field}}}));
  }
};

TEST_F(MaskedViewsTest, EncodeAnEventOnceForAThousandSubscribersWithEqualMasks) {
  Make();
  Frames frames;
  std::vector<std::unique_ptr<FrameCounter>> subscribers;
  for (int i = 0; i < 1000; ++i) {
    SubscriptionSpec spec{.topics = {"a/1"}};
    spec.view = Only("shown");
    subscribers.push_back(std::make_unique<FrameCounter>(shard(), std::move(spec), frames));
  }
  Run();
  for (int n = 0; n < 3; ++n) {
    Publish("a/1", "{\"shown\":" + std::to_string(n) + ",\"hidden\":1}");
    Run();
  }
  ASSERT_EQ(frames.size(), 3u);
  for (const auto& [data, made] : frames) {
    EXPECT_EQ(made.size(), 1u) << data;
    EXPECT_THAT(std::string((*made.begin())->plain()), testing::Not(HasSubstr("hidden")));
  }
}

TEST_F(MaskedViewsTest, EncodeAnEventOnceForEachOfManyMasksWhoseReadersTakeTurns) {
  constexpr size_t kMasks = 200;
  Make();
  Frames frames;
  std::vector<std::unique_ptr<FrameCounter>> subscribers;
  for (size_t i = 0; i < kMasks * 20; ++i) {
    SubscriptionSpec spec{.topics = {"a/1"}};
    spec.view = Only("field" + std::to_string(i % kMasks));
    subscribers.push_back(std::make_unique<FrameCounter>(shard(), std::move(spec), frames));
  }
  Run();
  for (int n = 0; n < 3; ++n) Publish("a/1", "{\"field7\":" + std::to_string(n) + "}");
  Run();
  ASSERT_EQ(frames.size(), 3u);
  for (const auto& [data, made] : frames) EXPECT_EQ(made.size(), kMasks) << data;
}

TEST_F(MaskedViewsTest, GiveEveryoneWhatIsLeftForThem) {
  // The frames of a few views, and no more.
  Make({}, {.windows_bytes = 8 << 10});
  std::vector<std::unique_ptr<Reader>> readers;
  for (int i = 0; i < 40; ++i) {
    SubscriptionSpec spec{.topics = {"a/1"}};
    spec.view = Only("field" + std::to_string(i));
    readers.push_back(std::make_unique<Reader>(shard(), std::move(spec)));
  }
  auto whole = Latest({"a/1"});
  Run();
  std::string data = "{";
  for (int i = 0; i < 40; ++i) {
    data += (i == 0 ? "\"field" : ",\"field") + std::to_string(i) + "\":" + std::to_string(i);
  }
  data += "}";
  for (int n = 0; n < 2; ++n) Publish("a/1", data);
  Run();
  for (size_t i = 0; i < readers.size(); ++i) {
    ASSERT_EQ(readers[i]->received().size(), 2u);
    for (const Received& one : readers[i]->received()) {
      EXPECT_THAT(one.frame, HasSubstr("data: {\"field" + std::to_string(i) +
                                       "\":" + std::to_string(i) + "}\n"));
    }
  }
  EXPECT_THAT(whole->data(), ElementsAre(data, data));
  EXPECT_THAT(whole->received()[0].frame, HasSubstr(data));
}

TEST_F(MaskedViewsTest, HideWhatIsReplayed) {
  Make();
  Publish("a/1", R"({"shown":1,"hidden":2})");
  SubscriptionSpec spec{.topics = {"a/1"}, .start = {StreamStart::Kind::kEarliest}};
  spec.view = Only("shown");
  Reader reader(shard(), std::move(spec));
  Run();
  ASSERT_EQ(reader.received().size(), 1u);
  EXPECT_THAT(reader.received()[0].frame, HasSubstr("data: {\"shown\":1}\n"));
}

}  // namespace
}  // namespace sluice

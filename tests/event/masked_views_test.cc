#include "bridge/event/masked_views.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace sluice {
namespace {

FieldMasksPtr Masks(std::string type, std::vector<std::string> paths) {
  return *FieldMasks::Make({{std::move(type), std::move(paths)}});
}

TEST(MaskedViews, AreTheViewItselfWithoutMasks) {
  EXPECT_EQ(MaskedView(nullptr, nullptr), nullptr);
  const auto base = std::make_shared<const FrameView>();
  EXPECT_EQ(MaskedView(base, nullptr), base);
}

TEST(MaskedViews, AreOneForEqualMasksOverOneView) {
  const auto route = std::make_shared<const FrameView>(FrameView{.event_line = false});
  const FrameViewPtr view = MaskedView(route, Masks("note", {"a", "b"}));
  EXPECT_EQ(MaskedView(route, Masks("note", {"b", "a"})), view);
  EXPECT_NE(MaskedView(route, Masks("note", {"a"})), view);
  EXPECT_NE(MaskedView(nullptr, Masks("note", {"a", "b"})), view);
  EXPECT_FALSE(view->event_line) << "it is the route's view, masked";
}

TEST(MaskedViews, AreNeverTheDefaultView) {
  const FrameViewPtr view = MaskedView(nullptr, Masks("note", {}));
  EXPECT_FALSE(view->IsDefault());
}

TEST(MaskedViews, LastAsLongAsSomebodyHoldsThem) {
  std::weak_ptr<const FrameView> first = MaskedView(nullptr, Masks("note", {"a"}));
  EXPECT_TRUE(first.expired());
  const FrameViewPtr held = MaskedView(nullptr, Masks("note", {"a"}));
  EXPECT_EQ(MaskedView(nullptr, Masks("note", {"a"})), held);
}

TEST(MaskedViews, AreNotTakenForThoseOfABaseThatIsGone) {
  auto base = std::make_unique<FrameView>(FrameView{.event_line = false});
  const FrameView* address = base.get();
  FrameViewPtr gone(std::move(base));
  const FrameViewPtr held = MaskedView(gone, Masks("note", {"a"}));
  gone = nullptr;
  const auto other = std::make_shared<const FrameView>();
  EXPECT_NE(other.get(), address) << "the base is kept for as long as its masked view";
  EXPECT_TRUE(MaskedView(other, Masks("note", {"a"}))->event_line);
}

TEST(MaskedViews, MayBeMadeAndLetGoOfByManyThreads) {
  const auto base = std::make_shared<const FrameView>();
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 2000; ++i) {
        const FrameViewPtr one = MaskedView(base, Masks("note", {"a"}));
        const FrameViewPtr same = MaskedView(base, Masks("note", {"a"}));
        ASSERT_EQ(one, same);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace sluice

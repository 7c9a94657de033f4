#include "bridge/hub/view_frames.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/fakes/events.h"

namespace sluice {
namespace {

class ViewFramesTest : public testing::Test {
 protected:
  static constexpr size_t kDataBytes = 1000;
  // With what it costs beside its data.
  static constexpr size_t kFrameBytes = 1300;

  static std::vector<FrameViewPtr> Views(size_t count) {
    std::vector<FrameViewPtr> views;
    for (size_t i = 0; i < count; ++i) views.push_back(std::make_shared<const FrameView>());
    return views;
  }
  static std::unique_ptr<StoredEvent> OfKilobyte(Offset offset) {
    return std::make_unique<StoredEvent>(MakeEvent("a/1", std::string(kDataBytes, 'x')),
                                         EventId{1, offset, false});
  }
};

TEST_F(ViewFramesTest, AreMadeOnceForAnEventAndAView) {
  ViewFrames all(1 << 20);
  EventFrames one(all);
  EventFrames other(all);
  const auto event = OfKilobyte(1);
  const auto views = Views(2);
  const FramePtr first = one.In(views[0], *event);
  EXPECT_EQ(one.In(views[0], *event), first);
  EXPECT_NE(one.In(views[1], *event), first);
  EXPECT_NE(other.In(views[0], *event), first);
}

TEST_F(ViewFramesTest, TakeNoMoreThanTheirBound) {
  ViewFrames all(10 * kFrameBytes);
  const auto event = OfKilobyte(1);
  const auto views = Views(50);
  EventFrames frames(all);
  std::vector<std::weak_ptr<const SseFrame>> made;
  for (const FrameViewPtr& view : views) {
    made.push_back(frames.In(view, *event));
    all.Trim();
    EXPECT_LE(all.bytes(), 10 * kFrameBytes);
  }
  size_t kept = 0;
  for (const auto& frame : made) kept += frame.expired() ? 0 : 1;
  EXPECT_THAT(kept, testing::AllOf(testing::Ge(9u), testing::Le(12u)));
}

TEST_F(ViewFramesTest, StayUntilTheyAreTrimmed) {
  ViewFrames all(0);
  const auto event = OfKilobyte(1);
  const auto views = Views(50);
  EventFrames frames(all);
  std::vector<std::weak_ptr<const SseFrame>> made;
  for (const FrameViewPtr& view : views) made.push_back(frames.In(view, *event));
  for (const auto& frame : made) EXPECT_FALSE(frame.expired());
  all.Trim();
  for (const auto& frame : made) EXPECT_TRUE(frame.expired());
  EXPECT_EQ(all.bytes(), 0u);
  EXPECT_NE(frames.In(views[0], *event), nullptr) << "it is made anew";
}

TEST_F(ViewFramesTest, OfOlderEventsGoFirst) {
  ViewFrames all(10 * kFrameBytes);
  const auto views = Views(8);
  const auto old_event = OfKilobyte(1);
  const auto new_event = OfKilobyte(2);
  EventFrames of_old(all);
  EventFrames of_new(all);
  std::vector<std::weak_ptr<const SseFrame>> newer;
  for (const FrameViewPtr& view : views) of_old.In(view, *old_event);
  for (const FrameViewPtr& view : views) {
    newer.push_back(of_new.In(view, *new_event));
    all.Trim();
  }
  for (const auto& frame : newer) EXPECT_FALSE(frame.expired());
}

// What takes turns must not lose all because it is a little too much.
TEST_F(ViewFramesTest, ThatAreALittleTooManyAreMostlyKept) {
  constexpr size_t kViews = 50;
  ViewFrames all(40 * kFrameBytes);
  const auto event = OfKilobyte(1);
  const auto views = Views(kViews);
  EventFrames frames(all);
  size_t anew = 0;
  std::vector<FramePtr> last(kViews);
  for (int turn = 0; turn < 20; ++turn) {
    for (size_t i = 0; i < kViews; ++i) {
      all.Trim();
      FramePtr frame = frames.In(views[i], *event);
      if (frame != last[i]) ++anew;
      last[i] = std::move(frame);
    }
  }
  EXPECT_LT(anew, 20 * kViews * 3 / 4);
}

TEST_F(ViewFramesTest, GoWithTheirEvent) {
  ViewFrames all(1 << 20);
  const auto event = OfKilobyte(1);
  {
    EventFrames frames(all);
    for (const FrameViewPtr& view : Views(5)) frames.In(view, *event);
    EXPECT_GT(all.bytes(), 5 * kDataBytes);
  }
  EXPECT_EQ(all.bytes(), 0u);
}

}  // namespace
}  // namespace sluice

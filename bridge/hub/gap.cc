#include "bridge/hub/gap.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "bridge/base/json_quote.h"

namespace sluice {

namespace {

FramePtr Encode(const Gap& gap, bool with_id) {
  const std::string id = FormatEventId(gap.resumed);
  const std::string data =
      absl::StrCat("{\"topic\":", JsonQuote(gap.topic), ",\"requested\":", JsonQuote(gap.requested),
                   ",\"resumed\":", JsonQuote(id), "}");
  SseFields fields;
  fields.event = "gap";
  if (with_id) fields.id = id;
  fields.data = data;
  return std::make_shared<const SseFrame>(fields);
}

}  // namespace

std::unique_ptr<Gap> EncodeGap(std::string topic, std::string requested, EventId resumed,
                               const FrameView* view) {
  auto gap = std::make_unique<Gap>(Gap{std::move(topic), std::move(requested), resumed, nullptr});
  gap->frame = Encode(*gap, view == nullptr || view->ids != IdLine::kOff);
  return gap;
}

void Gap::LeaveOutId() { frame = Encode(*this, false); }

}  // namespace sluice

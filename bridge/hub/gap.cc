#include "bridge/hub/gap.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "bridge/base/json_quote.h"

namespace sluice {

std::unique_ptr<Gap> EncodeGap(std::string topic, std::string requested, EventId resumed,
                               const FrameView* view) {
  const std::string id = FormatEventId(resumed);
  const std::string data =
      absl::StrCat("{\"topic\":", JsonQuote(topic), ",\"requested\":", JsonQuote(requested),
                   ",\"resumed\":", JsonQuote(id), "}");
  SseFields fields;
  fields.event = "gap";
  if (view == nullptr || view->ids != IdLine::kOff) fields.id = id;
  fields.data = data;
  auto frame = std::make_shared<const SseFrame>(fields);
  return std::make_unique<Gap>(
      Gap{std::move(topic), std::move(requested), resumed, std::move(frame)});
}

}  // namespace sluice

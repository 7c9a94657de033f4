#include "bridge/hub/position_text.h"

#include "absl/strings/str_cat.h"
#include "bridge/hub/log_head.h"

namespace sluice {

std::string PositionText(const EventLog& log) {
  std::string text;
  for (Partition partition = 0; partition < log.partitions(); ++partition) {
    const EventId head = HeadOf(log, partition);
    if (head.epoch == 0) continue;
    absl::StrAppend(&text, text.empty() ? "" : " ", FormatEventId(head));
  }
  return text;
}

}  // namespace sluice

#include "bridge/hub/log_outages.h"

namespace sluice {

void LogOutages::Look(const EventLog& log, absl::Time now) {
  any_ = false;
  for (Partition partition = 0; partition < away_.size(); ++partition) {
    Away& away = away_[partition];
    if (log.Health(partition).ok()) {
      away.number = 0;
      continue;
    }
    any_ = true;
    if (away.number == 0) away = {++last_number_, now};
  }
}

std::optional<LogOutage> LogOutages::Of(Partition partition, absl::Time now) const {
  const Away& away = away_[partition];
  if (away.number == 0) return std::nullopt;
  return LogOutage{away.number, now - away.since};
}

}  // namespace sluice

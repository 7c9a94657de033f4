// Since when which partition of the log is away, as a shard sees it in its ticks.
#pragma once

#include <optional>
#include <vector>

#include "absl/time/time.h"
#include "bridge/event_log/event_log.h"
#include "bridge/hub/subscriber.h"

namespace sluice {

class LogOutages {
 public:
  explicit LogOutages(Partition partitions) : away_(partitions) {}

  void Look(const EventLog& log, absl::Time now);
  // None is: nobody has to be asked.
  bool any() const { return any_; }
  // Nothing: it can be used.
  std::optional<LogOutage> Of(Partition partition, absl::Time now) const;

 private:
  struct Away {
    uint32_t number = 0;  // 0: it is not
    absl::Time since;
  };

  std::vector<Away> away_;
  uint32_t last_number_ = 0;
  bool any_ = false;
};

}  // namespace sluice

#include "bridge/hub/attendance.h"

#include "bridge/base/metrics.h"
#include "bridge/hub/shard_parts.h"

namespace sluice {

Attendance::Attendance(Shard& shard, Subscriber& subscriber)
    : shard_(shard), subscriber_(subscriber), slot_(shard.parts_->attendances.size()) {
  shard_.parts_->attendances.push_back(this);
  shard_.parts_->CountSubscribers();
  Metrics::Add(shard_.metrics().subscribers_total);
}

Attendance::~Attendance() {
  auto& all = shard_.parts_->attendances;
  all[slot_] = all.back();
  all[slot_]->slot_ = slot_;
  all.pop_back();
  shard_.parts_->CountSubscribers();
}

}  // namespace sluice

// A subscriber that reads something else than topics (a call's responses) and is
// present on its shard all the same: it is ticked, drained, cut and counted with
// the others.
#pragma once

#include <cstddef>

#include "bridge/hub/subscriber.h"

namespace sluice {

class Shard;

// On the shard's thread, for as long as it lives.
class Attendance {
 public:
  Attendance(Shard& shard, Subscriber& subscriber);
  ~Attendance();
  Attendance(const Attendance&) = delete;
  Attendance& operator=(const Attendance&) = delete;

 private:
  friend class Shard;

  Shard& shard_;
  Subscriber& subscriber_;
  size_t slot_;
};

}  // namespace sluice

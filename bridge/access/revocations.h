// What was taken back lately, so that an answer from before that is not used after it.
//
// Whoever takes something back adds it here first and ends the running streams then. A
// stream that is on its way asks here in the same step in which it becomes one of those
// that run: it is found by the one or by the other.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "bridge/base/mutex.h"
#include "bridge/event/topic_pattern.h"

namespace sluice {

// Hits whoever has everything that is set. Nothing set: everybody.
struct Revocation {
  std::string subject;
  std::string topic;
  std::optional<TopicPattern> pattern;
  std::string subscriber_id;
  std::string reason;  // for the log

  // `subscriber_id` empty: not known yet, which none hits that names one.
  bool Hits(std::string_view of_subject, std::span<const std::string> topics,
            std::string_view of_subscriber_id = {}) const;
};

// Thread-safe.
class Revocations {
 public:
  using Moment = uint64_t;

  // So many are remembered.
  static constexpr size_t kRememberedMax = 1024;

  Moment Now() const;
  void Add(Revocation revocation);
  // Whether one that came after `moment` hits this. (True, too, where more came since
  // than are remembered.)
  bool AnySince(Moment moment, std::string_view subject, std::span<const std::string> topics) const;

 private:
  mutable Mutex mutex_;
  std::deque<Revocation> recent_ ABSL_GUARDED_BY(mutex_);
  Moment added_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace sluice

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

#include "absl/container/flat_hash_map.h"
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

  // `subscriber_id` empty: there is none, and none hits that names one.
  bool Hits(std::string_view of_subject, std::span<const std::string> topics,
            std::string_view of_subscriber_id = {}) const;
  bool HitsTopics(std::span<const std::string> topics) const;
};

// What an answer without a subject may be about.
enum class Unnamed {
  kNobody,   // it is all there is to know: nobody's
  kAnybody,  // it may be a part of another one, which names somebody
};

// Thread-safe.
class Revocations {
 public:
  using Moment = uint64_t;

  // So many that name a subject are remembered, in about so many bytes, and so many others.
  static constexpr size_t kNamedMax = 65'536;
  static constexpr size_t kNamedBytesMax = 32 << 20;
  static constexpr size_t kOthersMax = 1024;

  Moment Now() const;
  void Add(Revocation revocation);
  // Whether one that came after `moment` hits this. (True, too, where that would be looked
  // for among too many, or where one was forgotten that came since.)
  bool AnySince(Moment moment, std::string_view subject, std::span<const std::string> topics,
                Unnamed unnamed = Unnamed::kNobody) const;

  // A moment of its own: Now() was less before, and is not from here on.
  Moment Mark();
  // What was taken back before `moment` is not known: everything is hit since any moment
  // before it.
  void DoubtBefore(Moment moment);

 private:
  struct Entry {
    Moment moment = 0;
    uint64_t earlier = 0;  // the number of the one before it with this subject; 0: none
    Revocation revocation;
  };

  bool NamedSince(Moment moment, std::string_view subject,
                  std::span<const std::string> topics) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool AnyNamedSince(Moment moment, std::span<const std::string> topics) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void ForgetNamed() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  mutable Mutex mutex_;
  Moment now_ ABSL_GUARDED_BY(mutex_) = 0;
  Moment known_from_ ABSL_GUARDED_BY(mutex_) = 0;
  // Each has a number, from 1 on; the first one here has forgotten_named_ + 1.
  std::deque<Entry> named_ ABSL_GUARDED_BY(mutex_);
  uint64_t forgotten_named_ ABSL_GUARDED_BY(mutex_) = 0;
  size_t named_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  // The number of the latest one of each subject.
  absl::flat_hash_map<std::string, uint64_t> latest_ ABSL_GUARDED_BY(mutex_);
  std::deque<Entry> others_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace sluice

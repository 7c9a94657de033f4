#include "bridge/event_log/memory/memory_event_log.h"

#include <bit>
#include <random>

#include "absl/strings/str_cat.h"
#include "bridge/base/mutex.h"
#include "bridge/event_log/memory/publisher_ids.h"
#include "bridge/event_log/memory/topic_history.h"

namespace sluice {
namespace {

Epoch RandomEpoch() {
  std::random_device device;
  return (Epoch{device()} << 32) | device();
}

class MemoryEventLog final : public EventLog {
 public:
  MemoryEventLog(const MemoryEventLogOptions& options, const Clock& clock)
      : clock_(clock),
        epoch_(options.epoch != 0 ? options.epoch : RandomEpoch()),
        deduplication_window_(options.deduplication_window),
        history_(
            {options.events_per_topic, options.total_bytes, options.max_age, options.empty_topics}),
        publisher_ids_(options.deduplication_window, options.deduplication_ids) {}

  void Start(Tail* tail) override { tail_ = tail; }
  bool MayStoreUnanswered() const override { return false; }

  void Append(AppendRequest request, AppendDone done) override {
    done(AppendNow(std::move(request)));
  }

  std::optional<Offset> Follow(std::string_view topic, ShardIndex shard) override {
    MutexLock lock(&mutex_);
    history_.Follow(topic, shard);
    return head_;
  }

  void Unfollow(std::string_view topic, ShardIndex shard) override {
    MutexLock lock(&mutex_);
    history_.Unfollow(topic, shard);
  }

  void Read(ReadRequest request, ReadDone done) override { done(ReadNow(request)); }

  Epoch epoch(Partition /*partition*/) const override { return epoch_; }

  Offset head(Partition /*partition*/) const override {
    MutexLock lock(&mutex_);
    return head_;
  }

  absl::Duration deduplication_window() const override { return deduplication_window_; }
  absl::Status Health(Partition /*partition*/) const override { return absl::OkStatus(); }

 private:
  using Results = std::vector<AppendResult>;

  absl::StatusOr<Results> AppendNow(AppendRequest request) {
    const absl::Time now = clock_.Now();
    MutexLock lock(&mutex_);
    absl::StatusOr<Results> results = FindDuplicates(request, now);
    if (!results.ok()) return results;
    for (size_t i = 0; i < request.events.size(); ++i) {
      AppendResult& result = (*results)[i];
      if (result.duplicate) continue;
      result = Store(std::move(request.events[i]), request.principal, now);
    }
    DeliverToShards();
    return results;
  }

  // Before anything is stored: an id that stands twice, in the log or in the
  // request, must stand for the same content.
  absl::StatusOr<Results> FindDuplicates(const AppendRequest& request, absl::Time now)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    Results results(request.events.size());
    absl::flat_hash_map<std::string, uint64_t> in_request;
    for (size_t i = 0; i < request.events.size(); ++i) {
      const Event& event = request.events[i];
      if (event.publisher_id.empty()) continue;
      const std::string key = PublisherIds::Key(request.principal, event);
      const uint64_t content = PublisherIds::Content(event);
      const PublisherIds::Known* known = publisher_ids_.Find(key, now);
      const auto [earlier, first] = in_request.try_emplace(key, content);
      if ((known != nullptr && known->content != content) || earlier->second != content) {
        return absl::AlreadyExistsError(
            absl::StrCat("events[", i, "].id: was used before on this topic with other content"));
      }
      if (known != nullptr) {
        results[i] = known->result;
        results[i].duplicate = true;
      } else if (!first) {
        return absl::InvalidArgumentError(
            absl::StrCat("events[", i, "].id: stands twice in this request"));
      }
    }
    return results;
  }

  AppendResult Store(Event event, std::string_view principal, absl::Time now)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const bool transient = event.transient;
    const EventId id{epoch_, transient ? head_ : ++head_, event.end_of_stream};
    const AppendResult result{id, transient, false};
    if (!event.publisher_id.empty()) {
      publisher_ids_.Add(PublisherIds::Key(principal, event),
                         {PublisherIds::Content(event), result}, now);
    }
    auto stored = std::make_shared<const StoredEvent>(std::move(event), id);
    uint64_t followers = history_.Followers(stored->event().topic);
    for (; followers != 0; followers &= followers - 1) {
      const auto shard = static_cast<ShardIndex>(std::countr_zero(followers));
      deliveries_[shard].push_back(stored);
      shards_to_tell_ |= uint64_t{1} << shard;
    }
    if (!transient) history_.Add(std::move(stored), now);
    return result;
  }

  void DeliverToShards() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    for (; shards_to_tell_ != 0; shards_to_tell_ &= shards_to_tell_ - 1) {
      const auto shard = static_cast<ShardIndex>(std::countr_zero(shards_to_tell_));
      tail_->Deliver(shard, deliveries_[shard]);
      deliveries_[shard].clear();
    }
  }

  ReadResult ReadNow(const ReadRequest& request) {
    const absl::Time now = clock_.Now();
    MutexLock lock(&mutex_);
    history_.DropOld(now);
    return history_.Read(request, epoch_, head_);
  }

  const Clock& clock_;
  const Epoch epoch_;
  const absl::Duration deduplication_window_;
  Tail* tail_ = nullptr;

  // The one critical section: offsets, interest, and the push to inboxes.
  mutable Mutex mutex_;
  Offset head_ ABSL_GUARDED_BY(mutex_) = 0;
  TopicHistory history_ ABSL_GUARDED_BY(mutex_);
  PublisherIds publisher_ids_ ABSL_GUARDED_BY(mutex_);
  // Of the append under way; kept to keep their memory.
  std::array<std::vector<StoredEventPtr>, kShardsMax> deliveries_ ABSL_GUARDED_BY(mutex_);
  uint64_t shards_to_tell_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace

std::unique_ptr<EventLog> MakeMemoryEventLog(MemoryEventLogOptions options, const Clock& clock) {
  return std::make_unique<MemoryEventLog>(options, clock);
}

}  // namespace sluice

#include "bridge/hub/event_search.h"

#include <memory>
#include <utility>

#include "boost/asio/io_context.hpp"
#include "boost/asio/post.hpp"
#include "bridge/hub/log_head.h"

namespace sluice {
namespace {

// Reads topic after topic, stretch after stretch, until something passes.
struct Search : std::enable_shared_from_this<Search> {
  Shard& shard;
  std::vector<std::string> topics;
  const EventId after;
  EventFilterPtr filter;
  std::function<void(absl::StatusOr<EventsAfter>)> done;
  // Where it is.
  size_t topic = 0;
  std::optional<Offset> from;  // nothing: at the beginning of the topic
  bool known = true;
  Epoch epoch = 0;  // of what was read

  Search(Shard& shard_in, std::vector<std::string> topics_in, EventId after_in,
         EventFilterPtr filter_in, std::function<void(absl::StatusOr<EventsAfter>)> done_in)
      : shard(shard_in),
        topics(std::move(topics_in)),
        after(after_in),
        filter(std::move(filter_in)),
        done(std::move(done_in)) {}

  // Where a topic's search begins. Our own head may lag behind what the client was given.
  ReadStart Start() const {
    if (from) return AfterOffset{*from};
    if (!known) return Earliest{};
    const Partition partition = shard.log().PartitionOf(topics[topic]);
    if (IsUpToHead(shard.log(), partition, after)) return AfterOffset{after.offset};
    return AfterId{after};
  }

  void Next() {
    if (topic == topics.size()) return done(EventsAfter{false, known});
    ReadRequest request{.topic = topics[topic], .start = Start()};
    auto read = [self = shared_from_this()](absl::StatusOr<ReadResult> result) {
      boost::asio::post(self->shard.context(), [self, result = std::move(result)]() mutable {
        self->Look(std::move(result));
      });
    };
    shard.log().Read(std::move(request), std::move(read));
  }

  void Look(absl::StatusOr<ReadResult> result) {
    if (!result.ok()) return done(result.status());
    const Epoch before = std::exchange(epoch, result->epoch);
    // Made anew while we looked: the stream that is opened now sorts it out.
    if (before != 0 && before != epoch) return done(EventsAfter{true, false});
    if (!result->found && known) {
      known = false;
      return Next();
    }
    for (const StoredEventPtr& event : result->events) {
      if (filter == nullptr || filter->Passes(event->event())) {
        return done(EventsAfter{true, known});
      }
    }
    if (result->events.empty() || result->complete_through > result->events.back()->offset()) {
      ++topic;
      from.reset();
    } else {
      from = result->complete_through;
    }
    Next();
  }
};

}  // namespace

std::optional<EventId> EndedAt(std::string_view last_event_id) {
  const std::optional<EventId> id = ParseEventId(last_event_id);
  return id && id->end ? id : std::nullopt;
}

void AnyEventAfter(Shard& shard, std::vector<std::string> topics, EventId after,
                   EventFilterPtr filter, std::function<void(absl::StatusOr<EventsAfter>)> done) {
  std::make_shared<Search>(shard, std::move(topics), after, std::move(filter), std::move(done))
      ->Next();
}

}  // namespace sluice

#include "bridge/hub/event_search.h"

#include <memory>
#include <utility>

#include "boost/asio/io_context.hpp"
#include "boost/asio/post.hpp"

namespace sluice {
namespace {

// Reads topic after topic, stretch after stretch, until something passes.
struct Search : std::enable_shared_from_this<Search> {
  Shard& shard;
  std::vector<std::string> topics;
  const Offset after;
  EventFilterPtr filter;
  std::function<void(absl::StatusOr<bool>)> done;
  // Where it is.
  size_t topic = 0;
  Offset from = after;

  Search(Shard& shard_in, std::vector<std::string> topics_in, Offset after_in,
         EventFilterPtr filter_in, std::function<void(absl::StatusOr<bool>)> done_in)
      : shard(shard_in),
        topics(std::move(topics_in)),
        after(after_in),
        filter(std::move(filter_in)),
        done(std::move(done_in)) {}

  void Next() {
    if (topic == topics.size()) return done(false);
    ReadRequest request{.topic = topics[topic], .start = AfterOffset{from}};
    auto read = [self = shared_from_this()](absl::StatusOr<ReadResult> result) {
      boost::asio::post(self->shard.context(), [self, result = std::move(result)]() mutable {
        self->Look(std::move(result));
      });
    };
    shard.log().Read(std::move(request), std::move(read));
  }

  void Look(absl::StatusOr<ReadResult> result) {
    if (!result.ok()) return done(result.status());
    for (const StoredEventPtr& event : result->events) {
      if (filter == nullptr || filter->Passes(event->event())) return done(true);
    }
    if (result->events.empty() || result->complete_through > result->events.back()->offset()) {
      ++topic;
      from = after;
    } else {
      from = result->complete_through;
    }
    Next();
  }
};

}  // namespace

std::optional<Offset> EndedAt(std::string_view last_event_id, const EventLog& log) {
  const std::optional<EventId> id = ParseEventId(last_event_id);
  if (!id || !id->end) return std::nullopt;
  // An id that this log cannot have given says nothing about this log.
  if (id->epoch != log.epoch(0) || id->offset > log.head(0)) return Offset{0};
  return id->offset;
}

void AnyEventAfter(Shard& shard, std::vector<std::string> topics, Offset after,
                   EventFilterPtr filter, std::function<void(absl::StatusOr<bool>)> done) {
  std::make_shared<Search>(shard, std::move(topics), after, std::move(filter), std::move(done))
      ->Next();
}

}  // namespace sluice

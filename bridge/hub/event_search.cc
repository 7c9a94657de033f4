#include "bridge/hub/event_search.h"

#include <memory>
#include <utility>

namespace sluice {
namespace {

// Reads topic after topic, stretch after stretch, until something passes.
struct Search : std::enable_shared_from_this<Search> {
  EventLog& log;
  std::vector<std::string> topics;
  const Offset after;
  EventFilterPtr filter;
  std::function<void(absl::StatusOr<bool>)> done;
  // Where it is.
  size_t topic = 0;
  Offset from = after;

  Search(EventLog& log_in, std::vector<std::string> topics_in, Offset after_in,
         EventFilterPtr filter_in, std::function<void(absl::StatusOr<bool>)> done_in)
      : log(log_in),
        topics(std::move(topics_in)),
        after(after_in),
        filter(std::move(filter_in)),
        done(std::move(done_in)) {}

  void Next() {
    if (topic == topics.size()) return done(false);
    ReadRequest request{.topic = topics[topic], .start = AfterOffset{from}};
    log.Read(std::move(request), [self = shared_from_this()](absl::StatusOr<ReadResult> result) {
      self->Look(std::move(result));
    });
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

void AnyEventAfter(EventLog& log, std::vector<std::string> topics, Offset after,
                   EventFilterPtr filter, std::function<void(absl::StatusOr<bool>)> done) {
  std::make_shared<Search>(log, std::move(topics), after, std::move(filter), std::move(done))
      ->Next();
}

}  // namespace sluice

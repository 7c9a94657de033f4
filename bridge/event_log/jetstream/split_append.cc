#include "bridge/event_log/jetstream/split_append.h"

#include <algorithm>
#include <memory>
#include <mutex>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace sluice {
namespace {

struct Joined {
  EventLog::AppendDone done;
  std::mutex mutex;
  size_t open = 0;
  size_t stored = 0;
  absl::Status failure;
  std::vector<AppendResult> results;
};

absl::Status FailureOf(const Joined& joined) {
  if (joined.stored == 0) return joined.failure;
  return absl::UnavailableError(absl::StrCat(joined.failure.message(), "; ", joined.stored, " of ",
                                             joined.results.size(),
                                             " events, in other streams, were stored"));
}

// "events[1].id: …" of a part, as the caller counts.
absl::Status Renumbered(const absl::Status& status, const std::vector<size_t>& positions) {
  absl::string_view rest = status.message();
  size_t index = 0;
  if (!absl::ConsumePrefix(&rest, "events[")) return status;
  const size_t end = rest.find(']');
  if (!absl::SimpleAtoi(rest.substr(0, end), &index) || index >= positions.size()) return status;
  return {status.code(), absl::StrCat("events[", positions[index], rest.substr(end))};
}

}  // namespace

std::vector<AppendPart> SplitByStream(AppendRequest request,
                                      const std::function<Partition(std::string_view)>& stream_of) {
  std::vector<AppendPart> parts;
  for (size_t i = 0; i < request.events.size(); ++i) {
    const Partition stream = stream_of(request.events[i].topic);
    auto part = std::find_if(parts.begin(), parts.end(),
                             [&](const AppendPart& p) { return p.partition == stream; });
    if (part == parts.end()) {
      parts.push_back({stream, {request.principal, {}, request.deadline}, {}});
      part = std::prev(parts.end());
    }
    part->request.events.push_back(std::move(request.events[i]));
    part->positions.push_back(i);
  }
  return parts;
}

std::vector<EventLog::AppendDone> JoinAnswers(const std::vector<AppendPart>& parts,
                                              EventLog::AppendDone done) {
  const auto joined = std::make_shared<Joined>();
  joined->done = std::move(done);
  joined->open = parts.size();
  std::vector<EventLog::AppendDone> answers;
  for (const AppendPart& part : parts)
    joined->results.resize(joined->results.size() + part.positions.size());
  for (const AppendPart& part : parts) {
    answers.push_back([joined, positions = part.positions](
                          const absl::StatusOr<std::vector<AppendResult>>& results) {
      {
        const std::lock_guard lock(joined->mutex);
        joined->failure.Update(Renumbered(results.status(), positions));
        for (size_t i = 0; results.ok() && i < positions.size(); ++i) {
          joined->results[positions[i]] = (*results)[i];
          ++joined->stored;
        }
        if (--joined->open > 0) return;
      }
      if (joined->failure.ok()) return joined->done(std::move(joined->results));
      joined->done(FailureOf(*joined));
    });
  }
  return answers;
}

}  // namespace sluice

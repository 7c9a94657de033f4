// A request whose topics lie in several streams: each stream gets its part, and the caller one
// answer.
#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "bridge/event_log/event_log.h"

namespace sluice {

struct AppendPart {
  Partition partition = 0;
  AppendRequest request;
  // Where its events stand in the whole request.
  std::vector<size_t> positions;
};

// In the order in which the streams come up in the request.
std::vector<AppendPart> SplitByStream(AppendRequest request,
                                      const std::function<Partition(std::string_view)>& stream_of);

// What to call with the answer to each of `parts`; with the last one `done` is called. When one
// part failed, the request did.
std::vector<EventLog::AppendDone> JoinAnswers(const std::vector<AppendPart>& parts,
                                              EventLog::AppendDone done);

}  // namespace sluice

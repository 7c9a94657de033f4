#include "bridge/rpc/open_calls.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

namespace sluice {

absl::Status OpenCalls::Add(const std::shared_ptr<Call>& call, std::string peer) {
  std::shared_ptr<Call> oldest;
  {
    const MutexLock lock(&mutex_);
    if (draining_) return absl::UnavailableError("draining");
    if (open_.size() >= calls_max_ && !MakeRoom(&oldest)) {
      return absl::ResourceExhaustedError(absl::StrCat("too many ", kind_, " are open"));
    }
    const uint64_t arrival = ++arrivals_;
    open_.emplace(call.get(), Open{call, arrival});
    candidates_.emplace(arrival, Candidate{call.get(), std::move(peer)});
  }
  if (oldest != nullptr) oldest->Cancel();
  return absl::OkStatus();
}

bool OpenCalls::MakeRoom(std::shared_ptr<Call>* oldest) {
  while (!candidates_.empty()) {
    const auto first = candidates_.begin();
    const Candidate candidate = std::move(first->second);
    candidates_.erase(first);
    if (!connections_.IsStranger(candidate.peer)) continue;
    const auto found = open_.find(candidate.call);
    *oldest = found->second.call.lock();
    open_.erase(found);
    return true;
  }
  return false;
}

void OpenCalls::Remove(const Call* call) {
  const MutexLock lock(&mutex_);
  const auto found = open_.find(call);
  if (found == open_.end()) return;
  candidates_.erase(found->second.arrival);
  open_.erase(found);
}

void OpenCalls::Drain() {
  std::vector<std::shared_ptr<Call>> open;
  {
    const MutexLock lock(&mutex_);
    draining_ = true;
    for (const auto& [address, entry] : open_) open.push_back(entry.call.lock());
  }
  for (const auto& call : open) {
    if (call != nullptr) call->Drain();
  }
}

}  // namespace sluice

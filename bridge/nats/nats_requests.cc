#include "bridge/nats/nats_requests.h"

#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "bridge/base/text.h"

namespace sluice {

void NatsRequests::Send(const std::string& subject, const NatsHeaders& headers,
                        std::string_view body, absl::Duration patience, Done done) {
  const uint64_t number = ++last_;
  absl::Status sent =
      connection_ == nullptr || !connection_->IsConnected()
          ? absl::UnavailableError("NATS is away")
          : connection_->Publish(subject, absl::StrCat(inbox_, ".", number), headers, body);
  // What could not be sent is answered by the next tick: never from inside of this call.
  const auto until = std::chrono::steady_clock::now() + absl::ToChronoNanoseconds(patience);
  waiting_.emplace(number, Waiting{until, std::move(sent), std::move(done)});
}

bool NatsRequests::Take(const NatsMessage& message) {
  const std::string_view subject = message.subject();
  if (subject.size() <= inbox_.size() || subject.substr(0, inbox_.size()) != inbox_) return false;
  uint64_t number = 0;
  if (!absl::SimpleAtoi(AsAbsl(subject.substr(inbox_.size() + 1)), &number)) return false;
  auto found = waiting_.extract(number);
  if (found.empty()) return false;
  if (message.status() == 503) {
    found.mapped().done(absl::UnavailableError("NATS: nobody answers there"));
  } else {
    found.mapped().done(message);
  }
  return true;
}

void NatsRequests::Tick() {
  const auto now = std::chrono::steady_clock::now();
  std::vector<std::pair<Done, absl::Status>> over;
  absl::erase_if(waiting_, [&](auto& entry) {
    Waiting& waiting = entry.second;
    if (!waiting.failed.ok()) {
      over.emplace_back(std::move(waiting.done), std::move(waiting.failed));
    } else if (waiting.until <= now) {
      over.emplace_back(std::move(waiting.done),
                        absl::DeadlineExceededError("NATS did not answer in time"));
    } else {
      return false;
    }
    return true;
  });
  for (auto& [done, why] : over) done(why);
}

void NatsRequests::FailAll(const absl::Status& why) {
  absl::flat_hash_map<uint64_t, Waiting> waiting;
  waiting.swap(waiting_);
  const absl::Status in_doubt = absl::DeadlineExceededError(why.message());
  for (auto& [number, entry] : waiting) entry.done(entry.failed.ok() ? in_doubt : entry.failed);
}

}  // namespace sluice

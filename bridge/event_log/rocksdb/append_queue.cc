#include "bridge/event_log/rocksdb/append_queue.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace sluice::rocksdb_log {
namespace {

constexpr size_t kWaitingMax = 65'536;
// Of one write: more only lets those that come first wait longer.
constexpr size_t kTakenMax = 1024;
constexpr size_t kTakenBytesMax = 4 << 20;

size_t BytesOf(const AppendRequest& request) {
  size_t bytes = sizeof(QueuedAppend) + request.principal.size();
  for (const Event& event : request.events) {
    bytes += sizeof(Event) + event.topic.size() + event.type.size() + event.publisher_id.size();
    if (event.data) bytes += event.data->size();
    for (const auto& [key, value] : event.attributes) bytes += key.size() + value.size() + 64;
  }
  return bytes;
}

}  // namespace

absl::Status AppendQueue::Put(AppendRequest request, EventLog::AppendDone& done) {
  const size_t bytes = BytesOf(request);
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return absl::UnavailableError("the event log is closing");
    // (One that is larger than the bound by itself is let in alone.)
    if (waiting_.size() >= kWaitingMax || (bytes_ + bytes > bytes_max_ && bytes_ > 0)) {
      return absl::UnavailableError(absl::StrCat("the event log is behind: ", bytes_,
                                                 " bytes wait to be written already "
                                                 "(event_log.rocksdb.queue_bytes); try again"));
    }
    bytes_ += bytes;
    waiting_.push_back({std::move(request), std::move(done), bytes});
  }
  changed_.notify_all();
  return absl::OkStatus();
}

std::vector<QueuedAppend> AppendQueue::Take(Deadline deadline) {
  std::vector<QueuedAppend> taken;
  size_t taken_bytes = 0;
  std::unique_lock lock(mutex_);
  changed_.wait_until(lock, deadline, [this] { return closed_ || !waiting_.empty(); });
  while (!waiting_.empty() && taken.size() < kTakenMax && taken_bytes < kTakenBytesMax) {
    taken_bytes += waiting_.front().bytes;
    taken.push_back(std::move(waiting_.front()));
    waiting_.pop_front();
  }
  bytes_ -= taken_bytes;
  return taken;
}

bool AppendQueue::ended() {
  const std::lock_guard lock(mutex_);
  return closed_ && waiting_.empty();
}

void AppendQueue::Close() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  changed_.notify_all();
}

}  // namespace sluice::rocksdb_log

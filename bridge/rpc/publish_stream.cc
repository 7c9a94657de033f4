#include "bridge/rpc/publish_stream.h"

#include <chrono>
#include <utility>

#include "bridge/fleet/proto_time.h"
#include "bridge/rpc/bytes.h"

namespace sluice {
namespace {

constexpr size_t kUnansweredMax = 1024;
constexpr int kAnswersPerWrite = 64;
// Well below the 4 MiB that clients take by default.
constexpr size_t kWriteBytes = 1 << 20;
constexpr std::chrono::milliseconds kAnswerWait{2};

}  // namespace

v1::PublishResult ToProto(const AppendResult& result) {
  v1::PublishResult proto;
  if (!result.transient) proto.set_id(FormatEventId(result.id));
  proto.set_duplicate(result.duplicate);
  return proto;
}

PublishStream::PublishStream(std::shared_ptr<Publishing> publishing,
                             absl::Duration deduplication_window, size_t unanswered_bytes_max,
                             grpc::CallbackServerContext& context,
                             std::function<void(PublishStream*)> on_done)
    : publishing_(std::move(publishing)),
      deduplication_window_(deduplication_window),
      unanswered_bytes_max_(unanswered_bytes_max),
      context_(context),
      on_done_(std::move(on_done)) {}

void PublishStream::Start() {
  self_ = shared_from_this();
  const MutexLock lock(&mutex_);
  if (finished_) return;  // drained already
  // Some callers wait for it before they send.
  StartSendInitialMetadata();
  Read();
}

void PublishStream::Drain() {
  const MutexLock lock(&mutex_);
  draining_ = true;
  Proceed();
}

void PublishStream::Cancel() {
  const MutexLock lock(&mutex_);
  if (!done_) context_.TryCancel();
}

void PublishStream::OnReadDone(bool ok) {
  {
    const MutexLock lock(&mutex_);
    reading_ = false;
    if (!ok) {
      reads_done_ = true;
    } else if (!finished_) {
      unanswered_.requests += 1;
      unanswered_.bytes += incoming_.Length();
      queue_.push_back(std::move(incoming_));
      incoming_ = grpc::ByteBuffer();
    }
    Proceed();
  }
  Pump();
}

void PublishStream::OnWriteDone(bool ok) {
  const MutexLock lock(&mutex_);
  writing_ = false;
  broken_ |= !ok;
  unanswered_.requests -= in_write_.requests;
  unanswered_.bytes -= in_write_.bytes;
  Proceed();
}

void PublishStream::OnCancel() {
  if (!publishing_->OfStranger()) return;
  const MutexLock lock(&mutex_);
  for (const grpc::ByteBuffer& waiting : queue_) {
    unanswered_.requests -= 1;
    unanswered_.bytes -= waiting.Length();
  }
  queue_.clear();
  if (reads_done_) Proceed();
}

void PublishStream::OnDone() {
  on_done_(this);
  {
    const MutexLock lock(&mutex_);
    done_ = true;
  }
  self_.reset();
}

// Publishes what waits, one request at a time. A request may be done before
// Publish returns or later on another thread: whoever finds nobody else pumping
// goes on, so neither recursion nor a gap comes of it.
void PublishStream::Pump() {
  const std::shared_ptr<PublishStream> self = shared_from_this();
  while (true) {
    grpc::ByteBuffer bytes;
    {
      const MutexLock lock(&mutex_);
      if (pumping_ || publishing_one_ || queue_.empty()) return;
      bytes = std::move(queue_.front());
      queue_.pop_front();
      pumping_ = publishing_one_ = true;
    }
    const size_t length = bytes.Length();
    publishing_->Publish<v1::PublishStreamRequest>(
        std::move(bytes), [self, length](const absl::StatusOr<std::vector<AppendResult>>& results) {
          self->AddAnswer(length, results);
          self->Pump();
        });
    const MutexLock lock(&mutex_);
    pumping_ = false;
  }
}

void PublishStream::AddAnswer(size_t request_bytes,
                              const absl::StatusOr<std::vector<AppendResult>>& results) {
  const MutexLock lock(&mutex_);
  publishing_one_ = false;
  Answer& answer = answers_.emplace_back();
  answer.request_bytes = request_bytes;
  if (!results.ok()) {
    answer.result.mutable_status()->set_code(static_cast<int>(results.status().code()));
    answer.result.mutable_status()->set_message(std::string(results.status().message()));
  } else {
    for (const AppendResult& result : *results) *answer.result.add_results() = ToProto(result);
  }
  if (answers_.size() == 1 && !finished_) {
    alarm_ = std::make_unique<grpc::Alarm>();
    alarm_->Set(std::chrono::system_clock::now() + kAnswerWait,
                [weak = weak_from_this(), alarm = alarm_.get()](bool fired) {
                  const auto self = fired ? weak.lock() : nullptr;
                  if (self != nullptr) self->OnDue(alarm);
                });
  }
  Proceed();
}

void PublishStream::OnDue(const grpc::Alarm* alarm) {
  const MutexLock lock(&mutex_);
  if (alarm_.get() != alarm) return;  // that run has been sent
  due_ = true;
  Proceed();
}

void PublishStream::Proceed() {
  if (finished_) return;
  if (WriteIsDue()) Write();
  if (broken_) {
    for (const Answer& answer : answers_) {
      unanswered_.requests -= 1;
      unanswered_.bytes -= answer.request_bytes;
    }
    answers_.clear();
  }
  const bool ending = reads_done_ || draining_;
  if (!ending && !reading_ && !full()) Read();
  if (ending && unanswered_.requests == 0) {
    finished_ = true;
    alarm_ = nullptr;
    Finish(reads_done_ ? grpc::Status::OK
                       : grpc::Status(grpc::StatusCode::UNAVAILABLE, "draining"));
  }
}

bool PublishStream::WriteIsDue() const {
  if (writing_ || broken_ || answers_.empty()) return false;
  const bool nothing_more = (reads_done_ || draining_) && queue_.empty() && !publishing_one_;
  return due_ || nothing_more || answers_.size() >= kAnswersPerWrite;
}

bool PublishStream::full() const {
  return unanswered_.requests >= kUnansweredMax || unanswered_.bytes >= unanswered_bytes_max_;
}

void PublishStream::Read() {
  reading_ = true;
  StartRead(&incoming_);
}

void PublishStream::TakeAnswers(v1::PublishStreamResponse* response) {
  size_t bytes = 0;
  while (!answers_.empty() && response->results_size() < kAnswersPerWrite && bytes < kWriteBytes) {
    Answer& answer = answers_.front();
    bytes += answer.result.ByteSizeLong();
    in_write_.requests += 1;
    in_write_.bytes += answer.request_bytes;
    *response->add_results() = std::move(answer.result);
    answers_.pop_front();
  }
}

void PublishStream::Write() {
  v1::PublishStreamResponse response;
  *response.mutable_deduplication_window() = ToProto(deduplication_window_);
  in_write_ = {};
  TakeAnswers(&response);
  outgoing_ = ToBytes(response);
  due_ = !answers_.empty();  // what is left has waited long enough
  alarm_ = nullptr;
  writing_ = true;
  StartWrite(&outgoing_);
}

}  // namespace sluice

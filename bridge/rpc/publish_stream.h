// One PublishStream call: requests are appended one after another and answered in
// order, several at a time.
//
// An answer waits for company: until there are 64, or for 2 ms. Nothing more is
// read while 1,024 requests, or as many bytes as one request may have, are
// unanswered. Bytes that do not parse are refused and skipped.
#pragma once

#include <grpcpp/alarm.h>
#include <grpcpp/grpcpp.h>

#include <deque>
#include <functional>
#include <memory>

#include "absl/base/thread_annotations.h"
#include "bridge/base/mutex.h"
#include "bridge/rpc/open_calls.h"
#include "bridge/rpc/publishing.h"
#include "sluice/v1/publisher.pb.h"

namespace sluice {

class PublishStream final : public grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>,
                            public OpenCalls::Call,
                            public std::enable_shared_from_this<PublishStream> {
 public:
  // `on_done`: the call is over and this about to go.
  PublishStream(std::shared_ptr<Publishing> publishing, absl::Duration deduplication_window,
                size_t unanswered_bytes_max, grpc::CallbackServerContext& context,
                std::function<void(PublishStream*)> on_done);

  // Once it is held by a shared_ptr; it then holds itself until the call is over.
  void Start();
  // Answers what was read, then ends the call with UNAVAILABLE. Any thread.
  void Drain() override;
  // Ends the call. Any thread.
  void Cancel() override;

  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  // What a stranger has sent goes with the call; what others have is published all the same.
  void OnCancel() override;
  void OnDone() override;

 private:
  struct Unanswered {
    size_t requests = 0;
    size_t bytes = 0;
  };

  struct Answer {
    v1::PublishStreamResult result;
    size_t request_bytes = 0;
  };

  void Pump();
  void AddAnswer(size_t request_bytes, const absl::StatusOr<std::vector<AppendResult>>& results);
  void OnDue(const grpc::Alarm* alarm);
  // Begins whatever can be begun now.
  void Proceed() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool WriteIsDue() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool full() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Read() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void TakeAnswers(v1::PublishStreamResponse* response) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Write() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::shared_ptr<Publishing> publishing_;
  const absl::Duration deduplication_window_;
  const size_t unanswered_bytes_max_;
  grpc::CallbackServerContext& context_;
  const std::function<void(PublishStream*)> on_done_;
  std::shared_ptr<PublishStream> self_;

  Mutex mutex_;
  grpc::ByteBuffer incoming_;  // gRPC's while reading_
  grpc::ByteBuffer outgoing_;  // gRPC's while writing_
  bool reading_ ABSL_GUARDED_BY(mutex_) = false;
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool reads_done_ ABSL_GUARDED_BY(mutex_) = false;
  bool broken_ ABSL_GUARDED_BY(mutex_) = false;  // nobody hears the answers
  bool draining_ ABSL_GUARDED_BY(mutex_) = false;
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
  bool done_ ABSL_GUARDED_BY(mutex_) = false;

  std::deque<grpc::ByteBuffer> queue_ ABSL_GUARDED_BY(mutex_);
  bool pumping_ ABSL_GUARDED_BY(mutex_) = false;
  bool publishing_one_ ABSL_GUARDED_BY(mutex_) = false;

  Unanswered unanswered_ ABSL_GUARDED_BY(mutex_);
  Unanswered in_write_ ABSL_GUARDED_BY(mutex_);  // of these
  std::deque<Answer> answers_ ABSL_GUARDED_BY(mutex_);
  bool due_ ABSL_GUARDED_BY(mutex_) = false;
  // A new one for each run: one that has just fired may still be in its callback.
  std::unique_ptr<grpc::Alarm> alarm_ ABSL_GUARDED_BY(mutex_);
};

// As `Publish` answers each event.
v1::PublishResult ToProto(const AppendResult& result);

}  // namespace sluice

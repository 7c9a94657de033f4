// What this bridge knows of a stream: which incarnation it is, and how far it reaches at the
// least, because that much was delivered or acknowledged here. On the log's thread only.
//
// What the stream's leader says is compared with it. An answer that stays behind comes from a
// server that lags, or was leader until a moment ago, and is not believed. When it stays so, the
// stream has lost its newest messages (all its servers lost their power before they had
// written them), and goes on to give their sequences to others. Ids must not mean two things,
// so the stream gets a new incarnation then, for every bridge: its description says since
// when. (There is no other place in a stream that every version of the server keeps.) An
// incarnation never goes back: where the description was put back, or two bridges wrote theirs
// at once, another one is begun.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "bridge/event_log/jetstream/jetstream_options.h"
#include "bridge/event_log/jetstream/stored_message.h"
#include "bridge/event_log/jetstream/stream_info.h"
#include "bridge/nats/nats_requests.h"

namespace sluice {

class KnownStream {
 public:
  using Asked = std::function<void(absl::StatusOr<StreamInfo>)>;

  // `learned`: this incarnation is the stream's now; the first, or another than before. It is
  // told before those who asked.
  KnownStream(const JetStreamEventLogOptions& options, NatsRequests& requests,
              std::function<void(const StreamInfo&)> learned);

  // Of epoch 0: not known yet.
  const StreamOffsets& offsets() const { return offsets_; }
  // Everything up to there was stored once.
  uint64_t last_sequence() const { return last_sequence_; }
  // This was delivered, or acknowledged.
  void Saw(uint64_t sequence);

  // What the stream's leader says now; it is made where there is none. Who asks meanwhile
  // shares the next question. `done` is called once, not before this returns but when it
  // has stopped.
  void Ask(Asked done);
  // As soon as it is known: at once, if it is.
  void Open(std::function<void(absl::Status)> done);
  // A sequence was given twice: the next answer shows another stream, or one that has lost
  // messages.
  void Contradicted();

  // Nothing is asked any more.
  void Stop(const absl::Status& why);

 private:
  void Send();
  void Answered(const absl::StatusOr<NatsMessage>& answer);
  void Make();
  void Believe(const StreamInfo& info, std::string_view answer);
  void Describe(const StreamInfo& info, std::string_view answer);
  void BeginAnew(const StreamInfo& info, std::string_view answer);
  void Finish(const absl::StatusOr<StreamInfo>& info);

  const JetStreamEventLogOptions& options_;
  NatsRequests& requests_;
  const std::function<void(const StreamInfo&)> learned_;

  StreamOffsets offsets_;
  uint64_t last_sequence_ = 0;
  uint64_t known_when_asked_ = 0;
  bool contradicted_ = false;
  bool warned_ = false;
  bool described_ = false;  // in answer to the question that is open
  // When the newest incarnation began.
  absl::Time began_ = absl::InfinitePast();
  // Since when its answers stay behind, and when the last of them came.
  std::optional<std::chrono::steady_clock::time_point> behind_since_;
  std::chrono::steady_clock::time_point behind_at_;
  std::vector<Asked> asked_;
  std::vector<Asked> asking_next_;
  absl::Status stopped_;
};

}  // namespace sluice

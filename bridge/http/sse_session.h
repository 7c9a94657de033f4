// One SSE stream on a socket, from its response head to its close: a plain
// object, because tens of thousands of them wait at once. Lives on its shard's
// thread and ends itself.
//
// This is everything about the socket; what the stream's frames are read from is
// up to the two kinds there are: a topic session reads a subscription, a call
// session a backend's answer.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "bridge/access/stream_access.h"
#include "bridge/base/reason.h"
#include "bridge/event/event_filter.h"
#include "bridge/event/frame_view.h"
#include "bridge/event/sse_frame.h"
#include "bridge/http/transport.h"
#include "bridge/hub/shard.h"
#include "bridge/hub/subscriber.h"
#include "bridge/route/route.h"

namespace sluice {

struct SseSessionInit {
  const Route* route = nullptr;  // outlives the session
  // Status line and header fields, ready to send, with the empty line.
  std::string head;
  bool chunked = true;  // false: HTTP/1.0, ends with the connection
  std::string subject;
  std::string peer_address;
  std::unique_ptr<StreamAccess> access;  // null: for as long as it likes
  absl::Duration write_timeout = absl::Seconds(60);
  // Released when the session is gone (what counts it against a bound).
  std::shared_ptr<void> lease;
};

class SseSession : public Subscriber, public std::enable_shared_from_this<SseSession> {
 public:
  void OnHeartbeat(const FramePtr& frame) final;
  void OnTick(absl::Time now) final;
  void OnDrain(Reason reason, uint32_t retry_ms) final;
  void OnCut(Reason reason) final;
  bool OnDisconnect(DisconnectedBy by) final;
  void OnDoubt(absl::Time now, absl::Duration within) final;
  SubscriberDescription Describe() const final;
  bool MayBe(std::string_view subject, std::string_view id) const final {
    return (subject.empty() || subject == subject_) && (id.empty() || id == id_);
  }

 protected:
  // The socket must have been made on the shard's context.
  SseSession(Shard& shard, Transport transport, SseSessionInit init);

  // Of the kinds; called once a write or less.
  // The socket may take more: sends all there is.
  virtual void Pump() = 0;
  // The socket takes no more for now.
  virtual void Pause() = 0;
  // The stream is being left: nothing more is read for it.
  virtual void Stop() {}
  // Another filter and view from the next frame on.
  virtual void Change(EventFilterPtr filter, FrameViewPtr view) = 0;
  // The session is closed: lets go of what it reads.
  virtual void Release() = 0;
  virtual std::vector<std::string> Topics() const = 0;

  // Once, before anything is sent. `topics` are for the log.
  void Open(const std::vector<std::string>& topics);
  // The rest of a frame, then the blocks of our own. True: they are written.
  bool Flush();
  // How much the transport took; nothing: it failed, and so has the session. It may have
  // taken all and have `pending` bytes: then, too, the session blocks.
  std::optional<size_t> Write(std::span<const iovec> buffers);
  bool pending() const { return transport_.pending(); }
  // A frame, and how much of it the socket took: its rest goes before anything else.
  void Begin(FramePtr frame, size_t written);
  // Waits until the socket takes more.
  void Block();
  void Queue(const SseFrame& frame);
  void CountDelivered(uint64_t events);
  // Ends the stream in order: what was begun, a last block, the last chunk,
  // then shutdown.
  void Leave(Reason reason, const SseFrame& last);
  // As the route tells of the bridge's own errors.
  SseFrame Error(std::string_view code, std::string_view message);
  void Close(Reason reason);

  static iovec Buffer(std::string_view bytes) {
    return {const_cast<char*>(bytes.data()), bytes.size()};
  }
  // Bytes that must go before the next frame, or a socket that takes none.
  bool Busy() const { return blocked() || begun() || !control_.empty() || leaving_; }
  bool blocked() const { return blocked_since_ != absl::InfiniteFuture(); }
  bool begun() const { return partial_ != nullptr; }
  bool leaving() const { return leaving_.has_value(); }
  bool closed() const { return closed_; }
  bool chunked() const { return chunked_; }
  Shard& shard() { return shard_; }
  const Route& route() const { return route_; }
  const std::string& subject() const { return subject_; }
  const std::string& id() const { return id_; }

 private:
  void AskAgain();
  void Expire();
  void Take(const Decision& decision);
  void WaitReadable();
  void Discard();
  void Shutdown();

  Shard& shard_;
  Transport transport_;
  const uint64_t wire_bytes_before_;
  const Route& route_;
  const bool chunked_;
  bool closed_ = false;
  std::optional<Reason> leaving_;
  const std::string subject_;
  const std::string peer_address_;
  const std::string id_;
  const absl::Time opened_at_;
  const std::unique_ptr<StreamAccess> access_;
  const absl::Duration write_timeout_;
  std::shared_ptr<void> lease_;

  // Written before anything else, in this order.
  FramePtr partial_;
  size_t partial_written_ = 0;
  std::string control_;

  absl::Time blocked_since_ = absl::InfiniteFuture();
  absl::Time lingers_until_ = absl::InfiniteFuture();
  size_t discarded_ = 0;
  uint64_t events_ = 0;
};

}  // namespace sluice

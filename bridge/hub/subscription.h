// A subscriber's places in its topics: cursors, not queues. It reads history
// from the log until it can enter the topics' windows, and merges several
// topics by offset, so that the ids it yields only rise.
//
// A place is an offset of an epoch. Where a window does not know its head yet, a cursor waits;
// where a place is of another epoch than the window, the log is asked what it is worth now.
//
// Lives on one shard's thread.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "absl/status/status.h"
#include "bridge/event/event_filter.h"
#include "bridge/event/frame_view.h"
#include "bridge/event_log/event_log.h"
#include "bridge/hub/gap.h"
#include "bridge/hub/heartbeats.h"
#include "bridge/hub/replay.h"
#include "bridge/hub/subscriber.h"
#include "bridge/hub/topic_window.h"
#include "bridge/route/route.h"

namespace sluice {

class Shard;

struct SubscriptionSpec {
  std::vector<std::string> topics;  // 1 or more, each once, all of one partition
  EventFilterPtr filter;            // null: everything
  FrameViewPtr view;                // null: the default view
  std::string last_event_id;        // as the client sent it; empty: begin at `start`
  StreamStart start;
  std::shared_ptr<const HeartbeatPolicy> heartbeat;  // null: none
};

// One thing to send: an event or a gap. Valid until a subscription of the
// shard is used again or the shard's thread returns to its loop.
struct Item {
  const SseFrame* frame = nullptr;
  const StoredEvent* event = nullptr;
  const Gap* gap = nullptr;
  // The whole subscription ends with it: its id carries the end flag.
  bool last = false;

  const SharedEvent* shared = nullptr;  // for Subscription::Own
};

class Subscription {
 public:
  enum class State {
    kOpening,   // where it starts is not known yet; OnReady will come
    kReady,     // Peek has something
    kCaughtUp,  // everything was taken; OnReady will come
    kReading,   // waits for the log, or for a window's head; OnReady will come
    kEnded,     // every topic has ended and everything was taken
    kFailed,    // the log could not be read
  };

  // `subscriber` outlives this. OnReady always comes from the shard's loop,
  // never from inside a call on the subscription; it comes once after opening.
  Subscription(Shard& shard, Subscriber& subscriber, SubscriptionSpec spec);
  ~Subscription();
  Subscription(const Subscription&) = delete;
  Subscription& operator=(const Subscription&) = delete;

  // As of the last Peek or Advance. (kReady after an Advance: there may be more.)
  State state() const { return state_; }
  // The id of the position the stream starts at, once not kOpening; empty: no id stands for it
  // (the client's own id was none of ours).
  const std::string& start_id() const { return start_id_; }
  // Why kFailed.
  const absl::Status& status() const { return status_; }

  // Up to `items.size()` items and about `bytes_max` bytes that follow, without
  // moving; returns how many.
  size_t Peek(std::span<Item> items, size_t bytes_max);
  // Moves past the first `count` that the last Peek gave.
  void Advance(size_t count);
  // Ownership of an item's frame, for one that is partly written.
  FramePtr Own(const Item& item) const;
  // From here on. What was peeked and not taken is judged anew (a Peek comes next, before
  // any Advance); what was passed over stays so.
  void Change(EventFilterPtr filter, FrameViewPtr view);
  // The subscriber cannot take more now: gives back what was read ahead.
  void Pause();

  Partition partition() const { return cursors_.front().window->partition(); }
  // Whether `position` is not behind what was taken: our head may lag behind what the client had.
  bool IsUpTo(const EventId& position) const;

  std::vector<std::string> Topics() const;
  const FrameViewPtr& view() const { return view_; }

 private:
  friend class Shard;
  friend class Heartbeats;

  // What moves when an item is taken.
  struct Place {
    Offset after = 0;       // nothing up to here is wanted any more
    WindowPlace window;     // when live
    uint32_t replayed = 0;  // of the replay's events
    bool live = false;      // in the window, not behind it
    bool gap_told = false;
    bool ended = false;
  };
  struct Cursor {
    TopicWindow* window = nullptr;
    uint32_t member = 0;       // which of the window's
    ReplayPtr replay;          // when behind the window
    std::unique_ptr<Gap> gap;  // to be told next
    Place place;
    Epoch epoch = 0;         // of `place`; 0: not known yet
    uint32_t asked_at = 0;   // the window's restarts when the log was asked where to go on
    bool resolving = false;  // `replay` tells where to go on
    bool gap_due = false;    // even if the log goes on from there
  };
  // What a cursor has next.
  struct Candidate {
    enum class Kind { kItem, kNothingYet, kNotRead } kind = Kind::kNothingYet;
    Offset offset = 0;
    uint64_t arrival = 0;
    const SharedEvent* shared = nullptr;
    const WindowEntry* entry = nullptr;  // null: from the replay, or a gap
    // (A gap goes behind what stands where it ends: its id covers that.)
    bool Before(const Candidate& other) const {
      if (offset != other.offset) return offset < other.offset;
      const bool is_gap = shared == nullptr;
      const bool other_is_gap = other.shared == nullptr;
      return is_gap != other_is_gap ? other_is_gap : arrival < other.arrival;
    }
  };
  enum class Settled { kYes, kWaits, kFailed };

  void Open(const SubscriptionSpec& spec);
  void OpenCursor(Cursor& cursor, const SubscriptionSpec& spec);
  void Resume(Cursor& cursor, const std::string& last_event_id);
  void Ask(Cursor& cursor, ReadStart start);
  void Judge(Cursor& cursor);
  bool Knows(const Cursor& cursor, const EventId& id) const;
  void Resolve(Cursor& cursor);
  bool OfOneEpoch() const;
  void BringToOneEpoch();
  void BeginTogether();
  Settled Settle(Cursor& cursor);
  bool SettleReplay(Cursor& cursor);
  bool SettleAll();
  void FindPublishersId();
  void Opened();
  Candidate Next(const Cursor& cursor, Place& place) const;
  bool Passes(const StoredEvent& event) const {
    return filter_ == nullptr || filter_->Passes(event.event());
  }
  // The first of all cursors' next ones. Negative: none may go now; kTailFirst: not before the
  // tail has told of more.
  static constexpr int kTailFirst = -2;
  int Choose(std::span<Place> places, Candidate& chosen) const;
  bool TailHasPassed(std::span<const Place> places, const Candidate& chosen) const;
  static bool AtEnd(std::span<const Place> places);
  bool OthersAreDue(std::span<const Place> places, const Gap& gap) const;
  void Take(std::span<Place> places, int cursor, const Candidate& chosen, Item& item);
  void Commit(std::span<const Place> places);
  std::unique_ptr<Gap> MakeGap(const Cursor& cursor, std::string requested, Offset resumed) const;

  Shard& shard_;
  Subscriber& subscriber_;
  EventFilterPtr filter_;
  FrameViewPtr view_;
  absl::InlinedVector<Cursor, 1> cursors_;
  std::string start_id_;
  FramePtr unflagged_;  // an end that did not end all, encoded for this one alone
  absl::Status status_;
  State state_ = State::kOpening;
  bool resumes_at_publishers_id_ = false;
  bool begins_together_ = false;
  bool resumes_ = false;  // the client came with an id
  StreamStart start_;     // where it did not

  // The shard's and the heartbeats' own notes.
  bool queued_ = false;
  bool awaits_tail_ = false;
  uint32_t shard_slot_ = 0;
  HeartbeatSlot heartbeat_slot_;
};

}  // namespace sluice

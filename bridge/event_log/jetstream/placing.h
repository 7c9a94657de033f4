// What the places of stored messages are: an acknowledgement says a sequence, but not of which
// stream. One that was deleted and made anew behind our back counts from 1 again, and an id
// must never mean something else.
//
// So a place is told when it is known that the stream that we know was there after the message
// was stored: the tail has delivered as far as that, or the stream was asked for. (Both
// speak of it as it was when the message was sent, too: a sequence that was reached before that
// is none that the tail can vouch for.) Where it is another by then, it is not known which of
// them has the message, and the publish fails. Questions are shared by all that wait, one at a
// time. On the log's thread only.
#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

#include "bridge/event_log/jetstream/followers.h"
#include "bridge/event_log/jetstream/known_stream.h"
#include "bridge/event_log/jetstream/pending_append.h"

namespace sluice {

class Placing {
 public:
  // One that the server has stored.
  struct Message {
    std::vector<AppendUnit> units;   // its events, in their order
    std::vector<AppendUnit> joined;  // who asked for its one event, too
    uint64_t sequence = 0;
    bool duplicate = false;  // it was stored before
    bool in_doubt = false;   // the tail cannot vouch for it
    StreamOffsets stream;    // that was known when it was sent
  };

  Placing(KnownStream& known, const Followers& followers) : known_(known), followers_(followers) {}

  void Add(Message message);
  // The tail may have come further.
  void Settle();
  // Something is not as it should be: asks whether the stream is what is known, though not
  // more often than once a second.
  void Doubt();
  void Tick();
  void FailAll(const absl::Status& why);

 private:
  using Time = std::chrono::steady_clock::time_point;

  struct Waiting {
    Message message;
    uint64_t number = 0;
    Time since;
  };

  void Ask();
  void Told(const absl::StatusOr<StreamInfo>& info, uint64_t through);
  void Place(const Message& message);
  static void Fail(const Message& message, const absl::Status& why);

  KnownStream& known_;
  const Followers& followers_;

  std::vector<Waiting> waiting_;
  uint64_t last_number_ = 0;
  // Whether it was the tail that answered last: then it is waited for.
  bool tail_answers_ = true;
  bool asking_ = false;
  Time ask_at_;
  Time doubt_at_;
};

}  // namespace sluice

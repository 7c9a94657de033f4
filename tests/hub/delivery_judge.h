// Whether clients got what they should: everything that was stored, once, in order, or a
// gap that is true. Knows nothing of how hub and log do it: it is told what was stored and
// let go, and what arrived.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "bridge/event/event_id.h"

namespace sluice {

// What was stored, and what became of it.
class Ledger {
 public:
  struct Entry {
    std::string topic;
    std::string data;
    std::string room;
  };
  // A part of the log from when it was made until it is made anew.
  struct Incarnation {
    uint32_t part = 0;
    uint32_t number = 0;  // of the part's
    Offset end = 0;
    std::map<Offset, Entry> entries;        // those that were lost are not there
    std::map<std::string, Offset> dropped;  // of a topic: everything up to here
    std::map<Offset, Offset> holes;         // first and last position that were lost
  };

  // The part was made, or made anew. No two have the same epoch.
  void Made(uint32_t part, Epoch epoch);
  void Stored(EventId id, Entry entry);
  // Of the topic, everything up to `through` was let go.
  void Dropped(Epoch epoch, const std::string& topic, Offset through);
  // Everything after `after` was lost in a crash; the next event is stored after `through`.
  void Lost(Epoch epoch, Offset after, Offset through);

  // Null: there never was such an epoch.
  const Incarnation* Find(Epoch epoch) const;

 private:
  std::map<Epoch, Incarnation> incarnations_;
  std::map<uint32_t, uint32_t> made_;
};

// One thing that a client got.
struct Arrival {
  std::string topic;
  std::string id;  // as it was on the wire; empty: none
  std::string data;
  bool gap = false;
  bool transient = false;
  std::string resumed;  // of a gap
};

// A client over all its connections. Each call answers what is wrong; empty: nothing.
class ClientJudge {
 public:
  // `room`: what it wants of its topics; empty: everything.
  ClientJudge(const Ledger& ledger, std::set<std::string> topics, std::string room);

  enum class Start { kLatest, kEarliest };
  // A connection begins, with last_event_id() if it has one, otherwise at `start`.
  void Connects(Start start);
  // Makes up an id, before its first connection.
  void Claims(std::string last_event_id);

  // The first block of a connection; `start_id` may be empty.
  std::string Opens(const std::string& start_id);
  std::string Gets(const Arrival& arrival);
  // The position, when everything was taken.
  std::string HearsHeartbeat(const std::string& id);

  // All faults are over and everything has run: what it still should have got.
  std::string Owed(Epoch epoch) const;

  const std::string& last_event_id() const { return last_event_id_; }

 private:
  // Up to where the client has, or has been told that it will not get, a topic.
  struct Place {
    Epoch epoch = 0;  // 0: it has nothing
    Offset after = 0;
    Offset optional_through = 0;  // what was let go while the connection began: may come or not
    Offset claimed = 0;           // past the end: a gap is due, unless the end gets there
    bool gap_due = false;         // nothing may come before a gap
  };

  std::string GetsGap(const Arrival& arrival, EventId id);
  std::string GetsEvent(const Arrival& arrival, EventId id);
  std::string GetsTransient(const Arrival& arrival);
  // The ids of a client rise within an epoch, and never go back to an earlier one.
  std::string Rises(EventId id, bool may_stand) const;
  std::string WhyNoGap(const std::string& topic, const Place& place, EventId resumed) const;
  // The first that was stored after what it has and has not come; 0: none.
  Offset FirstOwed(const std::string& topic, const Place& place, Offset through) const;
  bool IsLater(Epoch epoch, Epoch than) const;
  // The log's end has come to where the client claimed to be.
  void Catch(Place& place) const;

  const Ledger& ledger_;
  const std::string room_;
  std::map<std::string, Place> places_;
  std::string last_event_id_;
  std::optional<EventId> position_;  // what its ids have to rise from
  std::optional<EventId> asked_;     // what this connection began with
  Start start_ = Start::kLatest;
  bool opened_ = false;
  std::set<std::string> transients_;
};

}  // namespace sluice

// A backend's server-streaming call, made for one client: its responses as events,
// one at a time. The next is read from the backend only when it is asked for, so
// that a slow client slows the backend down, not the bridge's memory.
#pragma once

#include "absl/status/status.h"
#include "bridge/event/event.h"

namespace sluice {

class CallRelay {
 public:
  // Told on the thread of the shard that the call was made for, never from inside a
  // call on the relay.
  class Reader {
   public:
    virtual ~Reader() = default;
    // The backend's first word: its metadata, before any event.
    virtual void OnStarted() = 0;
    // What Next asked for: validated, its payload JSON; no topic and no id. (A
    // response that is no valid event was logged, counted and skipped.)
    virtual void OnEvent(Event event) = 0;
    // The last that comes. OK: the backend has said all it had to say.
    virtual void OnEnd(const absl::Status& status) = 0;
  };

  // Cancels what is still open, at once; the reader is told nothing more.
  virtual ~CallRelay() = default;

  // Asks for the next response; again only after OnEvent.
  virtual void Next() = 0;
  // Who is told from now on. On the shard's thread. (One that waits for the first
  // word hands over to one that writes.)
  virtual void SetReader(Reader& reader) = 0;
};

}  // namespace sluice

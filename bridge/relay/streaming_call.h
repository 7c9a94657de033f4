// One server-streaming call as bytes. A response is read only when it is asked for,
// and gRPC itself holds no more than a flow-control window of 64 KiB: what nobody
// reads stays with the backend.
#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "bridge/relay/backends.h"
#include "bridge/relay/call_request.h"

namespace sluice {

// gRPC's threads tell, one at a time; after OnEnd nothing more. May call Read and
// Cancel, must not block.
class StreamingCall {
 public:
  class Listener {
   public:
    virtual ~Listener() = default;
    // The backend's metadata: its first word.
    virtual void OnStarted() = 0;
    // What Read asked for.
    virtual void OnResponse(std::string bytes) = 0;
    // The call is over (which is found out by Read, but for a call that never started
    // and one that was cancelled); its status as an absl::Status, with the backend's message.
    // A response that is longer than the backend's bound is RESOURCE_EXHAUSTED.
    virtual void OnEnd(absl::Status status) = 0;
  };

  // Open calls, so that whoever owns them can end them all. Thread-safe.
  class Gate {
   public:
    Gate();
    ~Gate();
    Gate(const Gate&) = delete;
    Gate& operator=(const Gate&) = delete;
    // Cancels all, refuses new ones, and returns when the last has ended and all that
    // belonged to it is gone. Not on one of gRPC's threads.
    void Close();
    size_t open() const;

   private:
    friend class StreamingCall;
    struct Parts;
    std::shared_ptr<Parts> parts_;
  };

  // The listener is held until OnEnd has returned, and may be told before this returns.
  // `request.backend` is not looked at. Metadata that gRPC does not take is
  // INVALID_ARGUMENT. Null: the gate is closed; the listener is told nothing.
  static std::shared_ptr<StreamingCall> Start(Gate& gate, Backend& backend,
                                              const CallRequest& request,
                                              std::shared_ptr<Listener> listener);
  virtual ~StreamingCall() = default;

  // Asks for one response; again only after OnResponse. Any thread.
  virtual void Read() = 0;
  // OnEnd comes soon, with CANCELLED. Any thread, any number of times.
  virtual void Cancel() = 0;
};

}  // namespace sluice

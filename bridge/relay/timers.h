// Runs things later, or on a thread where they may block nobody: the relay's own.
#pragma once

#include <functional>
#include <memory>

#include "absl/time/time.h"

namespace sluice {

// One thread, so that what runs on it needs no lock among itself. Thread-safe.
class Timers {
 public:
  using Run = std::function<void()>;

  Timers();
  ~Timers();

  // What was given before runs now.
  void Start();
  // Waits for what runs; the rest is let go of without running, and so is
  // everything that is given from now on. Not from the thread itself.
  void Stop();

  void Post(Run run);
  void After(absl::Duration delay, Run run);

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace sluice

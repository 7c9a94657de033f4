// What an event log with threads of its own can do besides.
#pragma once

namespace sluice {

class Stoppable {
 public:
  virtual ~Stoppable() = default;

  // After all else, before whom it answers and the tail end: answers what waits. From then on
  // nothing calls back but what is refused, and the tail is told nothing.
  virtual void Stop() = 0;
};

}  // namespace sluice

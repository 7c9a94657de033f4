// Where keys come from that change while the bridge runs.
#pragma once

#include <functional>

#include "bridge/access/jwt/key_set.h"

namespace sluice {

// Thread-safe.
class KeySource {
 public:
  virtual ~KeySource() = default;
  // Null: none were ever read.
  virtual KeySetPtr keys() const = 0;
  enum class Look {
    kUnderWay,  // `looked` is called once, whatever came of it, on another thread or in Stop
    kNotNow,    // it has looked lately
    kTooMany,   // who wait for it
  };
  // Looks for newer keys.
  virtual Look LookAgain(std::function<void()> looked) = 0;
  // Looks no more, and waits for what is under way.
  virtual void Stop() = 0;
};

}  // namespace sluice

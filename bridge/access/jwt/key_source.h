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
  // Looks for newer keys. False: it will not, having done so lately. Otherwise `looked` is
  // called once, whatever came of it, on another thread or in Stop.
  virtual bool LookAgain(std::function<void()> looked) = 0;
  // Looks no more, and waits for what is under way.
  virtual void Stop() = 0;
};

}  // namespace sluice

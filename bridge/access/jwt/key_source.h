// Where keys come from that change while the bridge runs.
#pragma once

#include <functional>
#include <string>

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
    kInVain,    // it has read them since this id was first asked for: there is none
    kNotYet,    // it has looked too lately to look again
    kTooMany,   // who wait for it
  };
  // `may_have_missed` what is as new: it had begun before this was asked for, or has failed.
  using Looked = std::function<void(bool may_have_missed)>;
  // Looks for newer keys, for the sake of one with this id.
  virtual Look LookAgain(const std::string& id, Looked looked) = 0;
  // Looks no more, and waits for what is under way.
  virtual void Stop() = 0;
};

}  // namespace sluice

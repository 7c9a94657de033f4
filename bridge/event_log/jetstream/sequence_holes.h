// Sequences that the tail has passed and that were gone by then.
#pragma once

#include <cstdint>
#include <deque>

namespace sluice {

class SequenceHoles {
 public:
  // Those from `begin` to before `end`; they lie behind all earlier ones.
  void Add(uint64_t begin, uint64_t end) {
    holes_.push_back({begin, end});
    if (holes_.size() <= kHolesMax) return;
    // What lies between two old ones counts as missing too: a shard is told of a loss for
    // nothing, and finds by the log that there is none.
    holes_[1].begin = holes_[0].begin;
    holes_.pop_front();
  }
  bool Contain(uint64_t sequence) const {
    for (const Hole& hole : holes_) {
      if (sequence >= hole.begin && sequence < hole.end) return true;
    }
    return false;
  }
  bool none() const { return holes_.empty(); }
  void Clear() { holes_.clear(); }

 private:
  static constexpr size_t kHolesMax = 64;
  struct Hole {
    uint64_t begin;
    uint64_t end;
  };
  std::deque<Hole> holes_;
};

}  // namespace sluice

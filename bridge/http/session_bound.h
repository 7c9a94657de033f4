// A bound on how many there may be at once: connections, streams, streams of an
// address, streams of a subject.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace sluice {

// Thread-safe.
class SessionBound {
  struct Counts;

 public:
  // One that counts, for as long as it lives; may outlive the bound.
  class Lease {
   public:
    Lease() = default;
    Lease(Lease&& other) noexcept = default;
    Lease& operator=(Lease&& other) noexcept;
    ~Lease();

   private:
    friend class SessionBound;
    Lease(std::shared_ptr<Counts> counts, std::string_view key)
        : counts_(std::move(counts)), key_(key) {}

    std::shared_ptr<Counts> counts_;
    std::string key_;
  };

  // `limit` for each key; 0: none.
  explicit SessionBound(uint32_t limit);

  // Nothing: as many as may be are there already.
  std::optional<Lease> Take(std::string_view key = {});

  // How many there are now.
  uint32_t taken(std::string_view key = {}) const;
  uint32_t limit() const { return limit_; }

 private:
  uint32_t limit_;
  std::shared_ptr<Counts> counts_;
};

}  // namespace sluice

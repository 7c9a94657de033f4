// Many subscribers of one topic in one thread, on real sockets.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/functional/function_ref.h"

namespace sluice::bench {

class Subscribers {
 public:
  // Returns once every stream has had its opening event.
  Subscribers(uint16_t port, uint32_t count);
  ~Subscribers();
  Subscribers(const Subscribers&) = delete;
  Subscribers& operator=(const Subscribers&) = delete;

  // Receives until every stream has had all events up to number `last`, and
  // tells of each delivery. A stream that ends, skips or repeats ends the program.
  using OnDelivery = absl::FunctionRef<void(uint32_t number)>;
  void ReceiveThrough(uint32_t last, OnDelivery on_delivery);

  uint32_t count() const { return static_cast<uint32_t>(streams_.size()); }
  // The number of the newest event that all have had.
  uint32_t newest() const { return newest_; }

 private:
  struct Stream {
    int socket;
    uint32_t next = 0;  // event number
  };

  void Open(uint16_t port);
  // Returns how many streams reached `last`.
  uint32_t Receive(Stream& stream, uint32_t last, OnDelivery on_delivery);

  int epoll_;
  std::vector<Stream> streams_;
  std::vector<char> bytes_;
  uint32_t newest_ = 0;
};

}  // namespace sluice::bench

// One subscriber of a bridge, on a real socket, who reads what comes and waits for more.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::bench {

class EventStream {
 public:
  // Returns when the stream has opened: with its `connect` event, whose data is event 0.
  EventStream(uint16_t port, std::string_view topic);
  ~EventStream();
  EventStream(const EventStream&) = delete;
  EventStream& operator=(const EventStream&) = delete;

  // Waits for the next event, and answers its number.
  uint32_t Next();

 private:
  int socket_;
  std::string bytes_;
};

}  // namespace sluice::bench

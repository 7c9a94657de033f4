#include "bench/cluster/event_stream.h"

#include <sys/socket.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "bench/fanout/payload.h"
#include "bench/process/fail.h"
#include "bench/process/loopback.h"

namespace sluice::bench {

EventStream::EventStream(uint16_t port, std::string_view topic)
    : socket_(Must(ConnectTo(port), "connect")) {
  const std::string request =
      absl::StrCat("GET /v1/", std::string(topic),
                   " HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n\r\n");
  Must(static_cast<int>(send(socket_, request.data(), request.size(), MSG_NOSIGNAL)), "send");
  if (Next() != 0) Fail("a stream does not open");
}

EventStream::~EventStream() { close(socket_); }

uint32_t EventStream::Next() {
  for (;;) {
    if (const auto number = NumberIn(bytes_)) {
      bytes_.erase(0, bytes_.find(kMark) + 1);
      return *number;
    }
    char buffer[4096];
    const ssize_t size = recv(socket_, buffer, sizeof(buffer), 0);
    if (size <= 0) Fail("a stream has ended, or nothing comes");
    bytes_.append(buffer, static_cast<size_t>(size));
  }
}

}  // namespace sluice::bench

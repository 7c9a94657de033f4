#include "bench/fanout/subscribers.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "bench/fanout/broadcaster.h"
#include "bench/fanout/payload.h"
#include "bench/process/fail.h"
#include "bench/process/loopback.h"

namespace sluice::bench {
namespace {

// A herd, but one that fits the listener's queue.
constexpr uint32_t kOpeningAtOnce = 256;
constexpr size_t kReceiveBytes = 256 * 1024;
constexpr int kSilenceMs = 10'000;

void CheckHead(std::string_view head) {
  if (head.starts_with("HTTP/") && !head.starts_with("HTTP/1.1 200 ")) {
    Fail(absl::StrCat("a stream is refused: ", std::string(head.substr(0, head.find('\r')))));
  }
}

}  // namespace

Subscribers::Subscribers(uint16_t port, uint32_t count)
    : epoll_(Must(epoll_create1(EPOLL_CLOEXEC), "epoll_create1")), bytes_(kReceiveBytes) {
  streams_.reserve(count);  // epoll holds their addresses
  uint32_t opened = 0;
  const auto nothing = [](uint32_t) {};
  while (opened < count) {
    const uint32_t herd = std::min(kOpeningAtOnce, count - opened);
    for (uint32_t i = 0; i < herd; ++i) Open(port);
    for (; opened < streams_.size(); ++opened) {
      while (streams_[opened].next == 0) Receive(streams_[opened], 0, nothing);
    }
  }
}

Subscribers::~Subscribers() {
  for (const Stream& stream : streams_) close(stream.socket);
  close(epoll_);
}

void Subscribers::Open(uint16_t port) {
  const int socket = Must(ConnectTo(port), "connect");
  const std::string request = absl::StrCat("GET /v1/", std::string(kTopic),
                                           " HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                                           "Accept: text/event-stream\r\n"
                                           "User-Agent: sluice-bench\r\n\r\n");
  Must(static_cast<int>(send(socket, request.data(), request.size(), MSG_NOSIGNAL)), "send");
  Stream& stream = streams_.emplace_back(Stream{socket});
  epoll_event event{.events = EPOLLIN, .data = {.ptr = &stream}};
  Must(epoll_ctl(epoll_, EPOLL_CTL_ADD, socket, &event), "epoll_ctl");
}

void Subscribers::ReceiveThrough(uint32_t last, OnDelivery on_delivery) {
  std::array<epoll_event, 256> events;
  uint32_t waited_for = count();
  while (waited_for > 0) {
    const int ready = epoll_wait(epoll_, events.data(), events.size(), kSilenceMs);
    if (ready <= 0) {
      Fail(absl::StrCat(waited_for, " streams wait for event ", last, ", and nothing comes"));
    }
    for (int i = 0; i < ready; ++i) {
      waited_for -= Receive(*static_cast<Stream*>(events[i].data.ptr), last, on_delivery);
    }
  }
  newest_ = last;
}

uint32_t Subscribers::Receive(Stream& stream, uint32_t last, OnDelivery on_delivery) {
  const ssize_t size = recv(stream.socket, bytes_.data(), bytes_.size(), 0);
  if (size <= 0) Fail("a stream has ended, or does not open");
  const char* at = bytes_.data();
  const char* const end = at + size;
  const bool had_last = stream.next > last;
  if (stream.next == 0) CheckHead({at, end});
  while ((at = static_cast<const char*>(std::memchr(at, kMark, end - at))) != nullptr) {
    ++at;
    // A number that two reads share goes unread: the mark alone counts.
    uint32_t number = stream.next;
    if (static_cast<size_t>(end - at) >= kNumberDigits) {
      std::from_chars(at, at + kNumberDigits, number, 16);
    }
    if (number != stream.next) {
      Fail(absl::StrCat("event ", number, " came instead of ", stream.next));
    }
    on_delivery(stream.next++);
  }
  return !had_last && stream.next > last ? 1 : 0;
}

}  // namespace sluice::bench

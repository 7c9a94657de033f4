// The floor under every server of event streams: epoll, and one send() for each
// subscriber and event. Whoever sends anything is a subscriber; what comes by
// the control socket is broadcast as it is. What this costs is the kernel's.
//
//   bare_loop CONTROL_FD
//
// CONTROL_FD is a SOCK_SEQPACKET socket: the first message read from it is what
// every new subscriber gets (a response head and an opening event), every later
// one is an event's frame. The first message written to it is the port.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace {

int Must(int result, const char* call) {
  if (result >= 0) return result;
  std::perror(call);
  std::_Exit(1);
}

std::array<char, 65536> scratch;

size_t Receive(int socket) {
  return static_cast<size_t>(Must(recv(socket, scratch.data(), scratch.size(), 0), "recv"));
}

// A socket that refuses bytes would make the comparison void: the load keeps
// what is in flight far below what a socket holds.
void Send(int socket, const char* bytes, size_t size) {
  const ssize_t sent = send(socket, bytes, size, MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent != static_cast<ssize_t>(size)) Must(-1, "send");
}

int ListenOnFreePort(int control) {
  const int listener = Must(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), "socket");
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  Must(bind(listener, reinterpret_cast<sockaddr*>(&address), size), "bind");
  Must(listen(listener, SOMAXCONN), "listen");
  Must(getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size), "getsockname");
  const uint16_t port = ntohs(address.sin_port);
  Must(static_cast<int>(send(control, &port, sizeof(port), 0)), "send");
  return listener;
}

void Watch(int epoll, int fd) {
  epoll_event event{.events = EPOLLIN, .data = {.fd = fd}};
  Must(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event), "epoll_ctl");
}

void Accept(int epoll, int listener) {
  const int on = 1;
  int subscriber;
  while ((subscriber = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK)) >= 0) {
    Must(setsockopt(subscriber, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)), "setsockopt");
    Watch(epoll, subscriber);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: bare_loop CONTROL_FD\n", stderr);
    return 1;
  }
  const int control = std::atoi(argv[1]);
  const int epoll = Must(epoll_create1(0), "epoll_create1");
  const int listener = ListenOnFreePort(control);
  const std::string opening(scratch.data(), Receive(control));
  Watch(epoll, listener);
  Watch(epoll, control);

  std::vector<int> subscribers;
  std::array<epoll_event, 256> events;
  while (true) {
    const int count = epoll_wait(epoll, events.data(), events.size(), -1);
    for (int i = 0; i < count; ++i) {
      const int fd = events[i].data.fd;
      if (fd == listener) {
        Accept(epoll, listener);
      } else if (fd == control) {
        const size_t size = Receive(control);
        if (size == 0) return 0;
        for (const int subscriber : subscribers) Send(subscriber, scratch.data(), size);
      } else if (recv(fd, scratch.data(), scratch.size(), 0) > 0) {
        subscribers.push_back(fd);
        Send(fd, opening.data(), opening.size());
      } else {
        std::erase(subscribers, fd);
        close(fd);
      }
    }
  }
}

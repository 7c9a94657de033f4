// A connection that says exactly what a test makes it say.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <string_view>

#include "gtest/gtest.h"

namespace sluice {

struct RawResponse {
  int status = 0;
  std::string head;
  std::string body;

  bool Has(std::string_view text) const { return head.find(text) != std::string::npos; }
  // The value of a field; "" when there is none.
  std::string Field(std::string_view name) const {
    const std::string start = "\r\n" + std::string(name) + ": ";
    const size_t at = head.find(start);
    if (at == std::string::npos) return "";
    return head.substr(at + start.size(), head.find("\r\n", at + 2) - at - start.size());
  }
};

class RawClient {
 public:
  // "127.0.0.1:port".
  explicit RawClient(const std::string& address) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    to.sin_port = htons(static_cast<uint16_t>(std::stoi(address.substr(address.rfind(':') + 1))));
    // A test that waits for what never comes fails, it does not hang.
    const timeval patience{20, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    connected_ = ::connect(socket_, reinterpret_cast<sockaddr*>(&to), sizeof(to)) == 0;
  }
  RawClient(RawClient&& other) noexcept
      : socket_(std::exchange(other.socket_, -1)),
        connected_(other.connected_),
        received_(std::move(other.received_)) {}
  virtual ~RawClient() {
    if (socket_ >= 0) ::close(socket_);
  }

  bool connected() const { return connected_; }

  RawClient& Send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = SendSome(bytes.data(), bytes.size());
      if (sent <= 0) break;
      bytes.remove_prefix(static_cast<size_t>(sent));
    }
    return *this;
  }
  RawClient& Get(std::string_view target, std::string_view fields = "") {
    return Send("GET " + std::string(target) + " HTTP/1.1\r\nHost: sluice\r\n" +
                std::string(fields) + "\r\n");
  }

  // Everything up to `end` and with it; less when the connection ends before.
  std::string ReadUntil(std::string_view end) {
    size_t at;
    while ((at = received_.find(end)) == std::string::npos && ReadMore()) {
    }
    return Take(at == std::string::npos ? received_.size() : at + end.size());
  }
  std::string ReadBytes(size_t count) {
    while (received_.size() < count && ReadMore()) {
    }
    return Take(std::min(count, received_.size()));
  }
  // Until the other side closes.
  std::string ReadAll() {
    while (ReadMore()) {
    }
    return Take(received_.size());
  }
  bool Closed() { return ReadAll().empty(); }

  // A head, with as much body as it announces.
  RawResponse ReadResponse(bool to_head_request = false) {
    RawResponse response;
    response.head = ReadUntil("\r\n\r\n");
    if (response.head.size() > 12) response.status = std::atoi(response.head.c_str() + 9);
    const std::string length = response.Field("Content-Length");
    if (!length.empty() && !to_head_request) response.body = ReadBytes(std::stoul(length));
    return response;
  }

 protected:
  int socket() const { return socket_; }
  virtual ssize_t SendSome(const char* bytes, size_t count) {
    return ::send(socket_, bytes, count, MSG_NOSIGNAL);
  }
  virtual ssize_t ReceiveSome(char* bytes, size_t count) {
    return ::recv(socket_, bytes, count, 0);
  }

 private:
  bool ReadMore() {
    char bytes[4096];
    const ssize_t count = ReceiveSome(bytes, sizeof(bytes));
    if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
      ADD_FAILURE() << "nothing came for 20 s; so far: " << received_;
    }
    if (count <= 0) return false;
    received_.append(bytes, static_cast<size_t>(count));
    return true;
  }
  std::string Take(size_t count) {
    std::string taken = received_.substr(0, count);
    received_.erase(0, count);
    return taken;
  }

  int socket_;
  bool connected_ = false;
  std::string received_;
};

}  // namespace sluice

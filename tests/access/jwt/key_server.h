// A small HTTP server whose answers the test decides.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"

namespace sluice {

class KeyServer {
 public:
  KeyServer() : socket_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof(address);
    EXPECT_EQ(bind(socket_, reinterpret_cast<sockaddr*>(&address), length), 0);
    EXPECT_EQ(listen(socket_, 16), 0);
    getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &length);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { Serve(); });
  }
  ~KeyServer() {
    Release();
    shutdown(socket_, SHUT_RDWR);
    thread_.join();
    close(socket_);
  }

  std::string url() const { return absl::StrCat("http://127.0.0.1:", port_, "/keys"); }

  // The next answers: all that goes over the wire.
  void AnswerRaw(std::string answer) {
    const std::lock_guard lock(mutex_);
    answer_ = std::move(answer);
  }
  void Answer(const std::string& body, const std::string& status = "200 OK",
              const std::string& header = "") {
    AnswerRaw(absl::StrCat("HTTP/1.1 ", status, "\r\n", header, "Content-Length: ", body.size(),
                           "\r\nConnection: close\r\n\r\n", body));
  }
  // Requests wait for their answers until Release.
  void Hold() {
    const std::lock_guard lock(mutex_);
    held_ = true;
  }
  void Release() {
    const std::lock_guard lock(mutex_);
    held_ = false;
    changed_.notify_all();
  }
  // Until there were so many requests.
  void WaitForRequests(int count) {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(
        changed_.wait_for(lock, std::chrono::seconds(20), [&] { return requests_ >= count; }));
  }
  int requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

 private:
  void Serve() {
    for (int peer; (peer = accept(socket_, nullptr, nullptr)) >= 0; close(peer)) {
      std::string request;
      char bytes[4096];
      while (request.find("\r\n\r\n") == std::string::npos) {
        const ssize_t read = recv(peer, bytes, sizeof(bytes), 0);
        if (read <= 0) break;
        request.append(bytes, static_cast<size_t>(read));
      }
      std::string answer;
      {
        std::unique_lock lock(mutex_);
        ++requests_;
        changed_.notify_all();
        changed_.wait(lock, [this] { return !held_; });
        answer = answer_;
      }
      for (size_t sent = 0; sent < answer.size();) {
        const ssize_t more = send(peer, &answer[sent], answer.size() - sent, MSG_NOSIGNAL);
        if (more <= 0) break;
        sent += static_cast<size_t>(more);
      }
    }
  }

  const int socket_;
  int port_ = 0;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::string answer_;
  bool held_ = false;
  int requests_ = 0;
  std::thread thread_;
};

}  // namespace sluice

#include "bridge/http/open_call.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <string>
#include <utility>

#include "boost/asio/redirect_error.hpp"
#include "boost/asio/use_awaitable.hpp"

namespace sluice {
namespace {

using std::chrono::steady_clock;

// What a client may send while it waits for its stream.
constexpr size_t kReceivedBytesMax = 4096;
// Some servers send their metadata together with the failure that follows it: it is
// the first word only if nothing else comes soon.
constexpr std::chrono::milliseconds kAfterMetadata{250};
constexpr absl::Duration kWaitMax = absl::Hours(1);

}  // namespace

// Outlives its waiting: the socket's handler comes after it.
struct OpenCall::Watch {
  TcpSocket* socket = nullptr;  // null: nobody waits any more
  std::string* received = nullptr;
  boost::asio::steady_timer* patience = nullptr;
  bool gone = false;
};

OpenCall::OpenCall(Calls& calls, Shard& shard, CallRequest request)
    : patience_(shard.context()), relay_(calls.Call(shard, std::move(request), *this)) {
  relay_->Next();
}

void OpenCall::OnStarted() {
  if (!started_) speaks_at_ = steady_clock::now() + kAfterMetadata;
  started_ = true;
  patience_.cancel();
}

void OpenCall::OnEvent(Event event) {
  event_ = std::move(event);
  OnStarted();
}

void OpenCall::OnEnd(const absl::Status& status) {
  end_ = status;
  patience_.cancel();
}

boost::asio::awaitable<bool> OpenCall::FirstWord(TcpSocket& socket, std::string& received,
                                                 absl::Duration wait) {
  const auto watch = std::make_shared<Watch>();
  watch->socket = &socket;
  watch->received = &received;
  watch->patience = &patience_;
  WatchClient(watch);
  boost::system::error_code ignored;
  const auto deadline = steady_clock::now() + absl::ToChronoNanoseconds(std::min(wait, kWaitMax));
  while (!event_ && !end_ && !watch->gone) {
    const auto until = started_ ? std::min(deadline, speaks_at_) : deadline;
    if (steady_clock::now() >= until) break;
    patience_.expires_at(until);
    co_await patience_.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, ignored));
  }
  watch->socket = nullptr;
  socket.cancel(ignored);
  co_return !watch->gone;
}

void OpenCall::WatchClient(std::shared_ptr<Watch> watch) {
  TcpSocket& socket = *watch->socket;
  socket.async_wait(
      TcpSocket::wait_read, [watch = std::move(watch)](const boost::system::error_code& error) {
        if (watch->socket == nullptr || error) return;
        std::array<char, 1024> bytes;
        const ssize_t count =
            ::recv(watch->socket->native_handle(), bytes.data(), bytes.size(), MSG_DONTWAIT);
        if (count > 0) watch->received->append(bytes.data(), static_cast<size_t>(count));
        const bool nothing =
            count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR);
        watch->gone = (count <= 0 && !nothing) || watch->received->size() > kReceivedBytesMax;
        if (!watch->gone) return WatchClient(watch);
        watch->patience->cancel();
      });
}

}  // namespace sluice

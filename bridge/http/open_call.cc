#include "bridge/http/open_call.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <string>
#include <utility>

#include "boost/asio/error.hpp"
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
  Transport* transport = nullptr;  // null: nobody waits any more
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

boost::asio::awaitable<bool> OpenCall::FirstWord(Transport& transport, std::string& received,
                                                 absl::Duration wait) {
  const auto watch = std::make_shared<Watch>();
  watch->transport = &transport;
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
  watch->transport = nullptr;
  transport.socket().cancel(ignored);
  co_return !watch->gone;
}

void OpenCall::WatchClient(std::shared_ptr<Watch> watch) {
  Transport& transport = *watch->transport;
  transport.AwaitReadable([watch = std::move(watch)](const boost::system::error_code& failed) {
    if (watch->transport == nullptr || failed) return;
    std::array<char, 1024> bytes;
    boost::system::error_code error;
    const size_t count = watch->transport->ReadSome(bytes, error);
    watch->received->append(bytes.data(), count);
    const bool open = !error || error == boost::asio::error::would_block;
    watch->gone = !open || watch->received->size() > kReceivedBytesMax;
    if (!watch->gone) return WatchClient(watch);
    watch->patience->cancel();
  });
}

}  // namespace sluice

// Callbacks from any thread, awaited by a coroutine on its own.
#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "boost/asio/async_result.hpp"
#include "boost/asio/awaitable.hpp"
#include "boost/asio/post.hpp"
#include "boost/asio/this_coro.hpp"
#include "boost/asio/use_awaitable.hpp"

namespace sluice {

// Calls `start(done)`; goes on with what `done`, called once, is given.
template <typename T, typename Start>
boost::asio::awaitable<T> AwaitCallback(Start start) {
  const auto executor = co_await boost::asio::this_coro::executor;
  auto initiate = [&executor, &start](auto handler) {
    // std::function must be copyable, which a coroutine's handler is not.
    auto shared = std::make_shared<decltype(handler)>(std::move(handler));
    std::function<void(T)> done = [executor, shared](T value) {
      boost::asio::post(executor, [shared, value = std::move(value)]() mutable {
        std::move (*shared)(std::move(value));
      });
    };
    start(std::move(done));
  };
  co_return co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>&, void(T)>(
      initiate, boost::asio::use_awaitable);
}

}  // namespace sluice

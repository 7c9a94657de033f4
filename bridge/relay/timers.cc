#include "bridge/relay/timers.h"

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include "boost/asio/executor_work_guard.hpp"
#include "boost/asio/io_context.hpp"
#include "boost/asio/post.hpp"
#include "boost/asio/steady_timer.hpp"
#include "bridge/base/mutex.h"

namespace sluice {
namespace {

using boost::asio::io_context;

// Further than this is never, and fits every clock.
constexpr absl::Duration kDelayMax = absl::Hours(24 * 365);

}  // namespace

struct Timers::Parts {
  Mutex mutex;
  // Null: stopped.
  std::unique_ptr<io_context> context ABSL_GUARDED_BY(mutex) = std::make_unique<io_context>(1);
  std::thread thread;
};

Timers::Timers() : parts_(std::make_unique<Parts>()) {}

Timers::~Timers() { Stop(); }

void Timers::Start() {
  const MutexLock lock(&parts_->mutex);
  if (parts_->context == nullptr || parts_->thread.joinable()) return;
  parts_->thread =
      std::thread([context = parts_->context.get(),
                   work = boost::asio::make_work_guard(*parts_->context)] { context->run(); });
}

void Timers::Stop() {
  std::unique_ptr<io_context> context;
  {
    const MutexLock lock(&parts_->mutex);
    context = std::move(parts_->context);
  }
  if (context == nullptr) return;
  context->stop();
  if (parts_->thread.joinable()) parts_->thread.join();
  // What it still holds is destroyed with it, outside the lock: that may come here
  // again.
}

void Timers::Post(Run run) {
  const MutexLock lock(&parts_->mutex);
  if (parts_->context != nullptr) boost::asio::post(*parts_->context, std::move(run));
}

void Timers::After(absl::Duration delay, Run run) {
  const MutexLock lock(&parts_->mutex);
  if (parts_->context == nullptr) return;
  auto timer = std::make_shared<boost::asio::steady_timer>(*parts_->context);
  timer->expires_after(absl::ToChronoNanoseconds(std::min(delay, kDelayMax)));
  timer->async_wait([timer, run = std::move(run)](const boost::system::error_code& error) {
    if (!error) run();
  });
}

}  // namespace sluice

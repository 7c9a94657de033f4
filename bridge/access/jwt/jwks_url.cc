#include "bridge/access/jwt/jwks_url.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "bridge/access/jwt/http_fetch.h"
#include "bridge/access/jwt/json_web_keys.h"
#include "bridge/base/log.h"

namespace sluice {
namespace {

// After a failure it is tried again soon, and then ever later.
constexpr absl::Duration kRetryFirst = absl::Seconds(1);
constexpr absl::Duration kRetryMax = absl::Seconds(30);

// Queries may hold what is not for the log.
std::string WithoutQuery(const std::string& url) { return url.substr(0, url.find('?')); }

class JwksUrl final : public KeySource {
 public:
  JwksUrl(JwksUrlOptions options, const Clock& clock)
      : options_(std::move(options)),
        clock_(clock),
        thread_([this](const std::stop_token& stop) { Run(stop); }) {}
  ~JwksUrl() override { Stop(); }

  KeySetPtr keys() const override {
    const std::lock_guard lock(mutex_);
    return keys_;
  }
  Look LookAgain(std::function<void()> looked) override;
  void Stop() override {
    thread_.request_stop();
    if (thread_.joinable()) thread_.join();
  }

 private:
  void Run(const std::stop_token& stop);
  // Whether the keys are those of now.
  bool FetchOnce(const std::stop_token& stop);
  // Calls everybody who waits.
  void Tell(bool stopped);

  const JwksUrlOptions options_;
  const Clock& clock_;
  mutable std::mutex mutex_;
  std::condition_variable_any asked_;
  // Guarded by mutex_:
  KeySetPtr keys_;
  std::vector<std::function<void()>> waiting_;
  bool looking_ = true;  // a fetch is due or under way
  bool stopped_ = false;
  absl::Time looked_again_at_ = absl::InfinitePast();
  // Declared last: it uses all of the above.
  std::jthread thread_;
};

KeySource::Look JwksUrl::LookAgain(std::function<void()> looked) {
  const std::lock_guard lock(mutex_);
  if (stopped_) return Look::kNotNow;
  if (waiting_.size() >= kJwksWaitingMax) return Look::kTooMany;
  if (!looking_) {
    // (A clock that was set back does not keep it from looking.)
    const absl::Duration since = clock_.Now() - looked_again_at_;
    if (since >= absl::ZeroDuration() && since < kJwksLookInterval) return Look::kNotNow;
    looked_again_at_ = clock_.Now();
    looking_ = true;
    asked_.notify_all();
  }
  waiting_.push_back(std::move(looked));
  return Look::kUnderWay;
}

void JwksUrl::Run(const std::stop_token& stop) {
  absl::Duration retry = kRetryFirst;
  while (!stop.stop_requested()) {
    const bool fetched = FetchOnce(stop);
    const absl::Duration pause = fetched ? options_.refresh : std::min(retry, options_.refresh);
    retry = fetched ? kRetryFirst : std::min(retry * 2, kRetryMax);
    Tell(/*stopped=*/false);
    std::unique_lock lock(mutex_);
    asked_.wait_for(lock, stop, absl::ToChronoNanoseconds(pause), [this] { return looking_; });
    looking_ = true;
  }
  Tell(/*stopped=*/true);
}

bool JwksUrl::FetchOnce(const std::stop_token& stop) {
  const absl::StatusOr<std::string> text =
      Fetch({.url = options_.url, .bytes_max = kJwksBytesMax}, stop);
  absl::StatusOr<JsonWebKeys> read =
      text.ok() ? ParseJsonWebKeys(*text, options_.only) : text.status();
  if (stop.stop_requested()) return false;
  const std::lock_guard lock(mutex_);
  if (!read.ok()) {
    log::Warning("the keys of tokens could not be fetched; those of before are kept",
                 {{"url", WithoutQuery(options_.url)},
                  {"keys", keys_ == nullptr ? 0 : keys_->size()},
                  {"error", std::string(read.status().message())}});
    return false;
  }
  const bool first = keys_ == nullptr;
  keys_ = std::move(read->keys);
  log::Write(first ? log::Level::kInfo : log::Level::kDebug, "fetched the keys of tokens",
             {{"url", WithoutQuery(options_.url)},
              {"keys", keys_->size()},
              {"skipped", SkippedKeys(*read)}});
  return true;
}

void JwksUrl::Tell(bool stopped) {
  std::vector<std::function<void()>> waiting;
  {
    const std::lock_guard lock(mutex_);
    stopped_ = stopped;
    looking_ = false;
    waiting.swap(waiting_);
  }
  for (const auto& looked : waiting) looked();
}

}  // namespace

std::unique_ptr<KeySource> FollowJwksUrl(JwksUrlOptions options, const Clock& clock) {
  return std::make_unique<JwksUrl>(std::move(options), clock);
}

}  // namespace sluice

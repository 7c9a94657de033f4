#include "bridge/access/jwt/jwks_url.h"

#include <algorithm>
#include <condition_variable>
#include <map>
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

// Of the ids that were asked for; and the looks after which one counts as a new one.
constexpr size_t kAskedForMax = 1024;
constexpr uint64_t kLooksRemembered = 4;

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
  Look LookAgain(const std::string& id, Looked looked) override;
  void Stop() override {
    thread_.request_stop();
    if (thread_.joinable()) thread_.join();
  }

 private:
  struct Waiting {
    Looked looked;
    bool had_begun;
  };

  void Run(const std::stop_token& stop);
  absl::StatusOr<JsonWebKeys> Fetch(const std::stop_token& stop) const;
  // The end of a look, which calls everybody who waits. Whether it found a key set.
  bool Settle(absl::StatusOr<JsonWebKeys> read, bool stopped);
  // (Under mutex_.)
  void Keep(JsonWebKeys read);
  // (Under mutex_.)
  bool WasLookedFor(const std::string& id) const;
  void Remember(const std::string& id);

  const JwksUrlOptions options_;
  const Clock& clock_;
  mutable std::mutex mutex_;
  std::condition_variable_any asked_;
  // Guarded by mutex_:
  KeySetPtr keys_;
  std::vector<Waiting> waiting_;
  bool looking_ = true;   // a fetch is due or under way
  bool fetching_ = true;  // it is under way
  bool stopped_ = false;
  absl::Time looked_again_at_ = absl::InfinitePast();
  uint64_t looks_ = 1;     // that have begun, the first one with the thread
  uint64_t found_in_ = 0;  // the last of them that found a key set
  // By their ids: the look that came next.
  std::map<std::string, uint64_t> asked_for_;
  // Declared last: it uses all of the above.
  std::jthread thread_;
};

// What was asked for too soon after a look may be newer than that: it is only refused for
// good when it comes again after the next one. (So strangers, who can make it look as often
// as it may, refuse nobody.)
KeySource::Look JwksUrl::LookAgain(const std::string& id, Looked looked) {
  const std::lock_guard lock(mutex_);
  if (stopped_) return Look::kNotYet;
  if (waiting_.size() >= kJwksWaitingMax) return Look::kTooMany;
  if (!looking_) {
    // (A clock that was set back does not keep it from looking.)
    const absl::Duration since = clock_.Now() - looked_again_at_;
    if (since >= absl::ZeroDuration() && since < kJwksLookInterval) {
      if (WasLookedFor(id)) return Look::kInVain;
      Remember(id);
      return Look::kNotYet;
    }
    looked_again_at_ = clock_.Now();
    looking_ = true;
    asked_.notify_all();
  }
  if (keys_ != nullptr) Remember(id);
  waiting_.push_back({std::move(looked), fetching_});
  return Look::kUnderWay;
}

bool JwksUrl::WasLookedFor(const std::string& id) const {
  const auto found = asked_for_.find(id);
  return found != asked_for_.end() && found->second <= found_in_ &&
         looks_ - found->second < kLooksRemembered;
}

void JwksUrl::Remember(const std::string& id) {
  // (Whoever is forgotten comes back once more.)
  if (asked_for_.size() >= kAskedForMax) asked_for_.clear();
  asked_for_[id] = looks_ + 1;
}

void JwksUrl::Run(const std::stop_token& stop) {
  absl::Duration retry = kRetryFirst;
  while (!stop.stop_requested()) {
    absl::StatusOr<JsonWebKeys> read = Fetch(stop);
    if (stop.stop_requested()) break;
    const bool fetched = Settle(std::move(read), /*stopped=*/false);
    const absl::Duration pause = fetched ? options_.refresh : std::min(retry, options_.refresh);
    retry = fetched ? kRetryFirst : std::min(retry * 2, kRetryMax);
    std::unique_lock lock(mutex_);
    asked_.wait_for(lock, stop, absl::ToChronoNanoseconds(pause), [this] { return looking_; });
    looking_ = fetching_ = true;
    ++looks_;
  }
  Settle(absl::CancelledError("stopped"), /*stopped=*/true);
}

absl::StatusOr<JsonWebKeys> JwksUrl::Fetch(const std::stop_token& stop) const {
  const absl::StatusOr<std::string> text = sluice::Fetch(
      {.url = options_.url, .ca_file = options_.ca_file, .bytes_max = kJwksBytesMax}, stop);
  if (!text.ok()) return text.status();
  return ParseJsonWebKeys(*text, options_.only);
}

// Whoever sees the keys of a look finds that look ended.
bool JwksUrl::Settle(absl::StatusOr<JsonWebKeys> read, bool stopped) {
  const bool fetched = read.ok();
  std::vector<Waiting> waiting;
  {
    const std::lock_guard lock(mutex_);
    if (fetched) {
      Keep(*std::move(read));
    } else if (!stopped) {
      log::Warning("the keys of tokens could not be fetched; those of before are kept",
                   {{"url", WithoutQuery(options_.url)},
                    {"keys", keys_ == nullptr ? 0 : keys_->size()},
                    {"error", std::string(read.status().message())}});
    }
    stopped_ = stopped;
    looking_ = fetching_ = false;
    waiting.swap(waiting_);
  }
  for (const Waiting& one : waiting) one.looked(one.had_begun || !fetched);
  return fetched;
}

void JwksUrl::Keep(JsonWebKeys read) {
  found_in_ = looks_;
  const bool first = keys_ == nullptr;
  const bool had_some = first || keys_->size() > 0;
  keys_ = std::move(read.keys);
  if (keys_->size() == 0) {
    log::Write(had_some ? log::Level::kWarning : log::Level::kDebug,
               "the keys of tokens were all taken back: no token is good",
               {{"url", WithoutQuery(options_.url)}});
    return;
  }
  log::Write(first ? log::Level::kInfo : log::Level::kDebug, "fetched the keys of tokens",
             {{"url", WithoutQuery(options_.url)},
              {"keys", keys_->size()},
              {"skipped", SkippedKeys(read)}});
}

}  // namespace

std::unique_ptr<KeySource> FollowJwksUrl(JwksUrlOptions options, const Clock& clock) {
  return std::make_unique<JwksUrl>(std::move(options), clock);
}

}  // namespace sluice

#include "bridge/access/jwt/jwks_file.h"

#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <mutex>
#include <utility>

#include "absl/strings/str_cat.h"
#include "bridge/base/file_watch.h"
#include "bridge/base/log.h"
#include "bridge/base/mutex.h"
#include "bridge/base/read_file.h"

namespace sluice {
namespace {

class JwksFile final : public KeySource {
 public:
  // (The watch looks first: what is written while it is read is read again.)
  explicit JwksFile(JwksFileOptions options)
      : options_(std::move(options)),
        watch_(std::make_unique<FileWatch>(std::vector<std::string>{options_.path},
                                           [this] { Read(); })) {
    Read();
  }

  KeySetPtr keys() const override {
    const MutexLock lock(&mutex_);
    return keys_;
  }
  // It is looked at all the time.
  Look LookAgain(const std::string&, Looked) override { return Look::kInVain; }
  void Stop() override { watch_.reset(); }

 private:
  void Read();

  const JwksFileOptions options_;
  std::mutex reading_;  // apart, so that nobody who wants the keys waits for the disk
  mutable Mutex mutex_;
  KeySetPtr keys_ ABSL_GUARDED_BY(mutex_);
  std::unique_ptr<FileWatch> watch_;
};

void JwksFile::Read() {
  const std::lock_guard one_by_one(reading_);
  absl::StatusOr<JsonWebKeys> read = ReadJwksFile(options_);
  const MutexLock lock(&mutex_);
  if (!read.ok()) {
    log::Error("the keys of tokens could not be read; those of before are kept",
               {{"file", options_.path},
                {"keys", keys_ == nullptr ? 0 : keys_->size()},
                {"error", std::string(read.status().message())}});
    return;
  }
  keys_ = std::move(read->keys);
  if (keys_->size() == 0) {
    return log::Warning("the keys of tokens were all taken back: no token is good",
                        {{"file", options_.path}});
  }
  log::Info("read the keys of tokens",
            {{"file", options_.path}, {"keys", keys_->size()}, {"skipped", SkippedKeys(*read)}});
}

}  // namespace

absl::StatusOr<std::string> ReadKeyFile(const std::string& path, size_t bytes_max) {
  struct stat now {};
  if (stat(path.c_str(), &now) != 0) {
    return absl::NotFoundError(absl::StrCat("cannot be read: ", std::strerror(errno)));
  }
  // (To open a pipe would wait for whoever writes to it.)
  if (!S_ISREG(now.st_mode)) return absl::NotFoundError("is no regular file");
  return ReadFile(path, bytes_max);
}

absl::StatusOr<JsonWebKeys> ReadJwksFile(const JwksFileOptions& options) {
  const absl::StatusOr<std::string> text = ReadKeyFile(options.path, kJwksBytesMax);
  if (!text.ok()) return text.status();
  return ParseJsonWebKeys(*text, options.only);
}

std::unique_ptr<KeySource> WatchJwksFile(JwksFileOptions options) {
  return std::make_unique<JwksFile>(std::move(options));
}

}  // namespace sluice

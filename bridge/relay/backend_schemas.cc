#include "bridge/relay/backend_schemas.h"

#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "bridge/base/log.h"
#include "bridge/relay/backoff.h"

namespace sluice {
namespace {

namespace pb = google::protobuf;

// A type that is looked for at several backends. Over when one of them has it, or
// none.
class Search {
 public:
  explicit Search(std::function<void()> done) : done_(std::move(done)) {}
  ~Search() { End(); }
  void End() {
    if (!over_.exchange(true)) std::exchange(done_, nullptr)();
  }

 private:
  std::atomic<bool> over_{false};
  std::function<void()> done_;
};

struct LookUp {
  std::string type;
  std::shared_ptr<Search> search;
};

}  // namespace

// One backend and the thread that asks it.
class BackendSchemas::Follower {
 public:
  Follower(const Backend& backend, SchemaRegistry& registry, const BackendSchemasOptions& options)
      : name_(backend.options.name),
        registry_(registry),
        options_(options),
        client_(backend.channel, options.limits),
        backoff_(options.backoff_min, options.backoff_max, std::random_device()()) {}
  ~Follower() { Stop(); }

  void Start() {
    thread_ = std::thread([this] { Run(); });
  }
  void Stop() {
    {
      const std::lock_guard lock(mutex_);
      stopped_ = true;
    }
    client_.Cancel();
    work_.notify_all();
    if (thread_.joinable()) thread_.join();
  }
  void Add(LookUp look_up) {
    const std::lock_guard lock(mutex_);
    if (stopped_) return;
    look_ups_.push_back(std::move(look_up));
    work_.notify_all();
  }

 private:
  // Types to look for, or none when it is time to ask for all; null: it is over.
  std::optional<std::vector<LookUp>> NextWork() {
    std::unique_lock lock(mutex_);
    const auto is_work = [this] { return stopped_ || !look_ups_.empty(); };
    if (answered_) {
      work_.wait(lock, is_work);
    } else {
      work_.wait_for(lock, absl::ToChronoNanoseconds(pause_), is_work);
    }
    // (Outside of the lock: to let go of a search may tell somebody.)
    std::vector<LookUp> look_ups = std::exchange(look_ups_, {});
    if (!stopped_) return look_ups;
    lock.unlock();
    return std::nullopt;
  }

  void Run() {
    while (std::optional<std::vector<LookUp>> look_ups = NextWork()) {
      const absl::Time deadline = absl::Now() + options_.deadline;
      if (!answered_) FetchAll(deadline);
      FetchTypes(*look_ups, deadline);
      for (const LookUp& look_up : *look_ups) {
        if (IsKnown(look_up.type)) look_up.search->End();
      }
    }
  }

  bool IsKnown(const std::string& type) const { return registry_.current()->Knows(type); }

  void FetchAll(absl::Time deadline) {
    auto files = client_.FetchServices(deadline);
    const absl::Status status = files.status();
    // A backend without reflection has said so.
    answered_ = status.ok() || absl::IsUnimplemented(status);
    pause_ = backoff_.Next();
    const int count = status.ok() ? files->file_size() : 0;
    if (status.ok()) Offer(*std::move(files));
    Tell(status, count);
  }

  void FetchTypes(const std::vector<LookUp>& look_ups, absl::Time deadline) {
    std::vector<std::string> types;
    for (const LookUp& look_up : look_ups) {
      if (!IsKnown(look_up.type)) types.push_back(look_up.type);
    }
    if (types.empty()) return;
    // (Of a method its service is asked for: not every server knows methods by name.)
    std::vector<std::string> symbols = types;
    for (std::string& symbol : symbols) symbol.erase(std::min(symbol.find('/'), symbol.size()));
    auto files = client_.FetchSymbols(symbols, deadline);
    if (answered_) Tell(files.status(), files.ok() ? files->file_size() : 0);
    if (!files.ok() || files->file_size() == 0) return;
    Offer(*std::move(files));
    for (const std::string& type : types) {
      if (IsKnown(type)) log::Info("type is known now", {{"backend", name_}, {"type", type}});
    }
  }

  // What is new replaces what had its name; the rest stays known.
  void Offer(pb::FileDescriptorSet files) {
    if (files_.size() + files.file_size() > 2 * options_.limits.files_max) files_.clear();
    for (pb::FileDescriptorProto& file : *files.mutable_file()) {
      files_.insert_or_assign(file.name(), std::move(file));
    }
    auto all = std::make_shared<pb::FileDescriptorSet>();
    for (const auto& [name, file] : files_) *all->add_file() = file;
    // (The registry logs what it leaves out.)
    (void)registry_.Offer(absl::StrCat("backend ", name_), std::move(all));
  }

  // Once for each change.
  void Tell(const absl::Status& status, int files) {
    if (told_ == status.code() || absl::IsCancelled(status)) return;
    told_ = status.code();
    if (status.ok()) {
      log::Info("backend's types are known", {{"backend", name_}, {"files", files}});
    } else if (absl::IsUnimplemented(status)) {
      log::Warning("backend has no reflection: its types come from descriptor sets only",
                   {{"backend", name_}});
    } else {
      log::Warning("backend does not tell its types",
                   {{"backend", name_},
                    {"code", absl::StatusCodeToString(status.code())},
                    {"error", std::string(status.message())}});
    }
  }

  const std::string name_;
  SchemaRegistry& registry_;
  const BackendSchemasOptions options_;
  ReflectionClient client_;

  std::mutex mutex_;
  std::condition_variable work_;
  // Guarded by mutex_:
  bool stopped_ = false;
  std::vector<LookUp> look_ups_;

  // The thread's own:
  Backoff backoff_;
  absl::Duration pause_ = absl::ZeroDuration();
  bool answered_ = false;
  std::optional<absl::StatusCode> told_;
  std::map<std::string, pb::FileDescriptorProto> files_;

  std::thread thread_;
};

// Held by the registry's finder too, which may be asked while this ends.
struct BackendSchemas::Parts {
  void Find(const std::string& type, std::function<void()> done) {
    const auto search = std::make_shared<Search>(std::move(done));
    const std::lock_guard lock(mutex);
    for (const auto& follower : followers) follower->Add({type, search});
  }

  SchemaRegistry* registry = nullptr;
  std::mutex mutex;
  // Guarded by mutex. (A follower holds a channel, which no thread of gRPC's may end.)
  std::vector<std::unique_ptr<Follower>> followers;
};

BackendSchemas::BackendSchemas(const Backends& backends, SchemaRegistry& registry,
                               BackendSchemasOptions options)
    : parts_(std::make_shared<Parts>()) {
  parts_->registry = &registry;
  for (const std::unique_ptr<Backend>& backend : backends.all()) {
    if (!backend->options.reflection) continue;
    parts_->followers.push_back(std::make_unique<Follower>(*backend, registry, options));
  }
}

BackendSchemas::~BackendSchemas() { Stop(); }

void BackendSchemas::Start() {
  const std::lock_guard lock(parts_->mutex);
  if (parts_->followers.empty()) return;
  for (const auto& follower : parts_->followers) follower->Start();
  parts_->registry->SetFinder([parts = parts_](std::string type, std::function<void()> done) {
    parts->Find(type, std::move(done));
  });
}

void BackendSchemas::Stop() {
  std::vector<std::unique_ptr<Follower>> followers;
  {
    const std::lock_guard lock(parts_->mutex);
    followers.swap(parts_->followers);
  }
  if (followers.empty()) return;
  parts_->registry->SetFinder(nullptr);
  for (const auto& follower : followers) follower->Stop();
}

}  // namespace sluice

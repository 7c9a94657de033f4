#include "bridge/schema/schema_registry.h"

#include <google/protobuf/descriptor.pb.h>

#include <map>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "bridge/base/log.h"
#include "bridge/base/mutex.h"
#include "bridge/schema/descriptor_set_file.h"

namespace sluice {
namespace {

using google::protobuf::FileDescriptorSet;
using FilesPtr = std::shared_ptr<const FileDescriptorSet>;
using LeftOut = std::map<std::string, std::vector<std::string>>;

// How long a type that was not found is not looked for again.
constexpr absl::Duration kNotFoundFor = absl::Seconds(5);
// Types that are looked for, or known not to be found, at once. Together they bound
// how often anybody can make the bridge ask its backends.
constexpr size_t kLookUpsMax = 64;
constexpr size_t kNotFoundMax = 256;

using Found = std::function<void(bool)>;

// A descriptor set file: what is in use, and what it holds now.
struct Watched {
  DescriptorSetFile file;
  FilesPtr in_use;
  FilesPtr wanted;  // differs as long as it cannot be used
  std::string fault;
};

}  // namespace

struct SchemaRegistry::Parts {
  explicit Parts(const JsonOptions& json_options, const Clock& system)
      : options(json_options), clock(system) {}

  absl::Status Build(const std::vector<FilesPtr>& sets) ABSL_EXCLUSIVE_LOCKS_REQUIRED(building) {
    std::vector<Schema::Origin> origins;
    for (size_t i = 0; i < sets.size(); ++i) origins.push_back({files[i].file.path(), sets[i]});
    for (const auto& [name, set] : offered) origins.push_back({name, set, true});
    absl::StatusOr<SchemaPtr> schema = Schema::Build(origins, options);
    if (!schema.ok()) return schema.status();
    LogLeftOut((*schema)->left_out());
    const MutexLock lock(&mutex);
    current = *std::move(schema);
    not_found.clear();
    return absl::OkStatus();
  }

  // Once for each change.
  void LogLeftOut(const LeftOut& now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(building) {
    for (const auto& [origin, faults] : now) {
      const auto before = left_out.find(origin);
      if (before != left_out.end() && before->second == faults) continue;
      log::Warning("types are left out",
                   {{"origin", origin}, {"faults", faults.size()}, {"first", faults.front()}});
    }
    left_out = now;
  }

  std::vector<FilesPtr> InUse() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(building) {
    std::vector<FilesPtr> sets;
    for (const Watched& watched : files) sets.push_back(watched.in_use);
    return sets;
  }

  void Use(Watched* watched) ABSL_EXCLUSIVE_LOCKS_REQUIRED(building) {
    watched->in_use = watched->wanted;
    watched->fault.clear();
    log::Info("descriptor set read again", {{"file", watched->file.path()}});
  }

  void Keep(Watched* watched, const absl::Status& why) ABSL_EXCLUSIVE_LOCKS_REQUIRED(building) {
    if (watched->fault == why.message()) return;
    watched->fault = std::string(why.message());
    log::Error("descriptor set is invalid: what it held before is kept",
               {{"file", watched->file.path()}, {"error", watched->fault}});
  }

  bool ReadChanged() ABSL_EXCLUSIVE_LOCKS_REQUIRED(building);
  void UseWhatFits() ABSL_EXCLUSIVE_LOCKS_REQUIRED(building);

  const JsonOptions options;
  const Clock& clock;
  // Taken first, and for as long as a schema is built: one at a time.
  Mutex building;
  std::vector<Watched> files ABSL_GUARDED_BY(building);
  std::map<std::string, FilesPtr> offered ABSL_GUARDED_BY(building);
  LeftOut left_out ABSL_GUARDED_BY(building);

  mutable Mutex mutex;
  SchemaPtr current ABSL_GUARDED_BY(mutex);
  Finder finder ABSL_GUARDED_BY(mutex);
  absl::flat_hash_map<std::string, std::vector<Found>> looked_for ABSL_GUARDED_BY(mutex);
  absl::flat_hash_map<std::string, absl::Time> not_found ABSL_GUARDED_BY(mutex);
};

// True: there is something new to try.
bool SchemaRegistry::Parts::ReadChanged() {
  bool any = false;
  for (Watched& watched : files) {
    if (!watched.file.Changed()) continue;
    absl::StatusOr<FilesPtr> set = watched.file.Read();
    // What cannot be read is no longer wanted either.
    watched.wanted = set.ok() ? *std::move(set) : watched.in_use;
    if (set.ok()) {
      any = true;
    } else {
      Keep(&watched, set.status());
    }
  }
  return any;
}

// Together, since a type that moves from one file to another is nowhere or twice in
// between; else each that fits to those that are in use.
void SchemaRegistry::Parts::UseWhatFits() {
  std::vector<FilesPtr> all;
  for (const Watched& watched : files) all.push_back(watched.wanted);
  if (Build(all).ok()) {
    for (Watched& watched : files) {
      if (watched.in_use != watched.wanted) Use(&watched);
    }
    return;
  }
  std::vector<absl::Status> faults(files.size());
  for (bool progress = true; progress;) {
    progress = false;
    for (size_t i = 0; i < files.size(); ++i) {
      if (files[i].in_use == files[i].wanted) continue;
      std::vector<FilesPtr> sets = InUse();
      sets[i] = files[i].wanted;
      faults[i] = Build(sets);
      if (!faults[i].ok()) continue;
      Use(&files[i]);
      progress = true;
    }
  }
  for (size_t i = 0; i < files.size(); ++i) {
    if (!faults[i].ok()) Keep(&files[i], faults[i]);
  }
}

SchemaRegistry::SchemaRegistry() = default;
SchemaRegistry::~SchemaRegistry() = default;

absl::StatusOr<std::shared_ptr<SchemaRegistry>> SchemaRegistry::Load(
    const std::vector<std::string>& descriptor_set_files, const JsonOptions& options,
    const Clock& clock) {
  std::shared_ptr<SchemaRegistry> registry(new SchemaRegistry);
  registry->parts_ = std::make_unique<Parts>(options, clock);
  Parts& parts = *registry->parts_;
  const MutexLock lock(&parts.building);
  for (const std::string& path : descriptor_set_files) {
    Watched& watched = parts.files.emplace_back(Watched{DescriptorSetFile(path), {}, {}, {}});
    auto set = watched.file.Read();
    if (!set.ok()) return set.status();
    watched.in_use = watched.wanted = *std::move(set);
  }
  if (absl::Status status = parts.Build(parts.InUse()); !status.ok()) return status;
  return registry;
}

SchemaPtr SchemaRegistry::current() const {
  const MutexLock lock(&parts_->mutex);
  return parts_->current;
}

const JsonOptions& SchemaRegistry::options() const { return parts_->options; }

absl::Status SchemaRegistry::Offer(std::string origin, FilesPtr files) {
  Parts& parts = *parts_;
  const MutexLock lock(&parts.building);
  FilesPtr& offered = parts.offered[origin];
  if (offered == nullptr || offered->SerializeAsString() != files->SerializeAsString()) {
    offered = std::move(files);
    if (absl::Status status = parts.Build(parts.InUse()); !status.ok()) return status;
  }
  const auto left_out = parts.left_out.find(origin);
  if (left_out == parts.left_out.end()) return absl::OkStatus();
  return absl::InvalidArgumentError(left_out->second.front());
}

void SchemaRegistry::ReloadChangedFiles() {
  const MutexLock lock(&parts_->building);
  if (parts_->ReadChanged()) parts_->UseWhatFits();
}

void SchemaRegistry::SetFinder(Finder finder) {
  const MutexLock lock(&parts_->mutex);
  parts_->finder = std::move(finder);
}

void SchemaRegistry::LookUp(std::string type_name, Found done) {
  Finder finder;
  bool known = false;
  {
    Parts& parts = *parts_;
    const MutexLock lock(&parts.mutex);
    const absl::Time now = parts.clock.Now();
    known = parts.current->Knows(type_name);
    absl::erase_if(parts.not_found, [now](const auto& entry) { return entry.second <= now; });
    const bool in_vain =
        type_name.size() > kTypeNameBytesMax || parts.not_found.contains(type_name);
    if (!known && !in_vain && parts.finder != nullptr) {
      const auto under_way = parts.looked_for.find(type_name);
      if (under_way != parts.looked_for.end()) {
        under_way->second.push_back(std::move(done));
        return;
      }
      if (parts.looked_for.size() < kLookUpsMax && parts.not_found.size() < kNotFoundMax) {
        parts.looked_for[type_name].push_back(std::move(done));
        finder = parts.finder;
      }
    }
  }
  if (finder == nullptr) return done(known);
  finder(type_name, [this, type_name] {
    std::vector<Found> waiting;
    bool found = false;
    {
      Parts& parts = *parts_;
      const MutexLock lock(&parts.mutex);
      waiting = std::move(parts.looked_for[type_name]);
      parts.looked_for.erase(type_name);
      found = parts.current->Knows(type_name);
      if (!found) parts.not_found[type_name] = parts.clock.Now() + kNotFoundFor;
    }
    for (const Found& answer : waiting) answer(found);
  });
}

}  // namespace sluice

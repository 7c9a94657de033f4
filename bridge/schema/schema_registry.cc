#include "bridge/schema/schema_registry.h"

#include <google/protobuf/descriptor.pb.h>

#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "bridge/base/log.h"
#include "bridge/base/mutex.h"
#include "bridge/schema/descriptor_set_file.h"

namespace sluice {
namespace {

using google::protobuf::FileDescriptorSet;

// How long a type that was not found is not looked for again.
constexpr absl::Duration kNotFoundFor = absl::Seconds(5);
// Types that are looked for, or known not to be found, at once.
constexpr size_t kLookUpsMax = 64;
constexpr size_t kNotFoundMax = 1024;

using Found = std::function<void(bool)>;

}  // namespace

struct SchemaRegistry::Parts {
  absl::Status Replace(const std::string& origin, std::shared_ptr<const FileDescriptorSet> set)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(building) {
    std::vector<Schema::Origin> changed = origins;
    const auto it = std::find_if(changed.begin(), changed.end(),
                                 [&](const auto& known) { return known.name == origin; });
    if (it == changed.end()) {
      changed.push_back({origin, std::move(set)});
    } else {
      it->files = std::move(set);
    }
    return Build(std::move(changed));
  }

  absl::Status Build(std::vector<Schema::Origin> changed) ABSL_EXCLUSIVE_LOCKS_REQUIRED(building) {
    absl::StatusOr<SchemaPtr> schema = Schema::Build(changed, options);
    if (!schema.ok()) return schema.status();
    origins = std::move(changed);
    const MutexLock lock(&mutex);
    current = *std::move(schema);
    return absl::OkStatus();
  }

  JsonOptions options;
  // Taken first, and for as long as a schema is built: one at a time.
  Mutex building;
  std::vector<Schema::Origin> origins ABSL_GUARDED_BY(building);
  std::vector<DescriptorSetFile> files ABSL_GUARDED_BY(building);

  mutable Mutex mutex;
  SchemaPtr current ABSL_GUARDED_BY(mutex);
  Finder finder ABSL_GUARDED_BY(mutex);
  absl::flat_hash_map<std::string, std::vector<Found>> looked_for ABSL_GUARDED_BY(mutex);
  absl::flat_hash_map<std::string, absl::Time> not_found ABSL_GUARDED_BY(mutex);
};

SchemaRegistry::SchemaRegistry() : parts_(std::make_unique<Parts>()) {}
SchemaRegistry::~SchemaRegistry() = default;

absl::StatusOr<std::shared_ptr<SchemaRegistry>> SchemaRegistry::Load(
    const std::vector<std::string>& descriptor_set_files, const JsonOptions& options) {
  std::shared_ptr<SchemaRegistry> registry(new SchemaRegistry);
  Parts& parts = *registry->parts_;
  parts.options = options;
  const MutexLock lock(&parts.building);
  std::vector<Schema::Origin> origins;
  for (const std::string& path : descriptor_set_files) {
    DescriptorSetFile& file = parts.files.emplace_back(path);
    auto set = file.Read();
    if (!set.ok()) return set.status();
    origins.push_back({path, *std::move(set)});
  }
  if (absl::Status status = parts.Build(std::move(origins)); !status.ok()) return status;
  return registry;
}

SchemaPtr SchemaRegistry::current() const {
  const MutexLock lock(&parts_->mutex);
  return parts_->current;
}

const JsonOptions& SchemaRegistry::options() const { return parts_->options; }

absl::Status SchemaRegistry::Offer(std::string origin,
                                   std::shared_ptr<const FileDescriptorSet> files) {
  const MutexLock lock(&parts_->building);
  return parts_->Replace(origin, std::move(files));
}

void SchemaRegistry::ReloadChangedFiles() {
  const MutexLock lock(&parts_->building);
  for (DescriptorSetFile& file : parts_->files) {
    if (!file.Changed()) continue;
    auto set = file.Read();
    const absl::Status status =
        set.ok() ? parts_->Replace(file.path(), *std::move(set)) : set.status();
    if (status.ok()) {
      log::Info("descriptor set read again", {{"file", file.path()}});
    } else {
      log::Error("descriptor set is invalid: what it held before is kept",
                 {{"file", file.path()}, {"error", std::string(status.message())}});
    }
  }
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
    const absl::Time now = absl::Now();
    known = parts.current->Find(type_name) != nullptr;
    const auto not_found = parts.not_found.find(type_name);
    const bool in_vain = not_found != parts.not_found.end() && not_found->second > now;
    if (!known && !in_vain && parts.finder != nullptr) {
      const auto under_way = parts.looked_for.find(type_name);
      if (under_way != parts.looked_for.end()) {
        under_way->second.push_back(std::move(done));
        return;
      }
      if (parts.looked_for.size() < kLookUpsMax) {
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
      found = parts.current->Find(type_name) != nullptr;
      if (!found) {
        if (parts.not_found.size() >= kNotFoundMax) parts.not_found.clear();
        parts.not_found[type_name] = absl::Now() + kNotFoundFor;
      }
    }
    for (const Found& answer : waiting) answer(found);
  });
}

}  // namespace sluice

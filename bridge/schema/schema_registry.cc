#include "bridge/schema/schema_registry.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/stubs/logging.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "bridge/base/text.h"
#include "sluice/v1/event.pb.h"

namespace sluice {
namespace {

namespace pb = google::protobuf;

absl::StatusOr<pb::FileDescriptorSet> ReadSet(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) {
    return absl::NotFoundError(absl::StrCat(path, ": cannot be read: ", std::strerror(errno)));
  }
  pb::FileDescriptorSet set;
  if (!set.ParseFromIstream(&in) || set.file_size() == 0) {
    return absl::InvalidArgumentError(absl::StrCat(
        path, ": is not a FileDescriptorSet (make it with `protoc --include_imports -o FILE`)"));
  }
  return set;
}

class Complaints final : public pb::DescriptorPool::ErrorCollector {
 public:
  void AddError(const std::string& file, const std::string& element, const pb::Message*,
                ErrorLocation, const std::string& message) override {
    lines_.push_back(absl::StrCat(file, ": ", element, ": ", message));
  }
  std::string text() const { return absl::StrJoin(lines_, "; "); }

 private:
  std::vector<std::string> lines_;
};

// Adds the files of all sets to a pool, each after what it imports.
class PoolBuilder {
 public:
  explicit PoolBuilder(pb::DescriptorPool* pool) : pool_(pool) {}

  // The same file may be in several sets; the first is taken.
  void Offer(const std::string& path, const pb::FileDescriptorSet& set) {
    for (const pb::FileDescriptorProto& file : set.file()) {
      offered_.try_emplace(file.name(), Offered{path, file});
    }
  }

  absl::Status Build() {
    for (const auto& [name, offered] : offered_) {
      if (absl::Status status = Add(name); !status.ok()) return status;
    }
    return absl::OkStatus();
  }

 private:
  struct Offered {
    std::string path;
    pb::FileDescriptorProto file;
  };

  absl::Status Add(const std::string& name) {
    if (pool_->FindFileByName(name) != nullptr) return absl::OkStatus();
    const Offered& offered = offered_.at(name);
    if (!under_way_.insert(name).second) {
      return absl::InvalidArgumentError(absl::StrCat(offered.path, ": ", name, " imports itself"));
    }
    for (const std::string& import : offered.file.dependency()) {
      if (!offered_.contains(import)) continue;  // the pool's own, or the pool complains
      if (absl::Status status = Add(import); !status.ok()) return status;
    }
    Complaints complaints;
    if (pool_->BuildFileCollectingErrors(offered.file, &complaints) == nullptr) {
      return absl::InvalidArgumentError(absl::StrCat(offered.path, ": ", complaints.text()));
    }
    return absl::OkStatus();
  }

  pb::DescriptorPool* const pool_;
  std::map<std::string, Offered> offered_;
  std::set<std::string> under_way_;
};

// The bridge's own files and the well-known types, which the generated pool
// builds only when they are asked for.
const pb::DescriptorPool* OwnPool() {
  v1::Event::descriptor();
  return pb::DescriptorPool::generated_pool();
}

}  // namespace

struct SchemaRegistry::Parts {
  // What a set repeats of the bridge's own files is not taken from the set.
  pb::DescriptorPool pool{OwnPool()};
};

SchemaRegistry::SchemaRegistry() : parts_(std::make_unique<Parts>()) {}
SchemaRegistry::~SchemaRegistry() = default;

absl::StatusOr<std::shared_ptr<const SchemaRegistry>> SchemaRegistry::Load(
    std::span<const std::string> descriptor_set_files) {
  // Every fault that protobuf would write to standard error comes back as a status.
  pb::SetLogHandler(nullptr);
  std::shared_ptr<SchemaRegistry> registry(new SchemaRegistry);
  PoolBuilder builder(&registry->parts_->pool);
  for (const std::string& path : descriptor_set_files) {
    absl::StatusOr<pb::FileDescriptorSet> set = ReadSet(path);
    if (!set.ok()) return set.status();
    builder.Offer(path, *set);
  }
  if (absl::Status status = builder.Build(); !status.ok()) return status;
  return registry;
}

const pb::Descriptor* SchemaRegistry::Find(std::string_view name) const {
  if (name.size() > kTypeNameBytesMax) return nullptr;
  return parts_->pool.FindMessageTypeByName(std::string(name));
}

const pb::DescriptorPool& SchemaRegistry::pool() const { return parts_->pool; }

}  // namespace sluice

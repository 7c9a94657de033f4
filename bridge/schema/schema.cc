#include "bridge/schema/schema.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/stubs/logging.h>

#include <map>
#include <set>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "bridge/base/text.h"
#include "sluice/v1/annotations.pb.h"
#include "sluice/v1/event.pb.h"

namespace sluice {
namespace {

namespace pb = google::protobuf;

// Files whose types are known without any origin.
constexpr const char* kOwnFiles[] = {
    "google/protobuf/any.proto",      "google/protobuf/duration.proto",
    "google/protobuf/empty.proto",    "google/protobuf/field_mask.proto",
    "google/protobuf/struct.proto",   "google/protobuf/timestamp.proto",
    "google/protobuf/wrappers.proto", "google/protobuf/descriptor.proto",
    "google/rpc/status.proto",        "sluice/v1/annotations.proto",
    "sluice/v1/event.proto",          "sluice/v1/publisher.proto",
    "sluice/v1/subscriber.proto",     "sluice/v1/event_source.proto",
    "sluice/v1/authorizer.proto",     "sluice/v1/admin.proto",
};

// The bridge's own files and the well-known types, which the generated pool builds
// only when they are asked for.
const pb::DescriptorPool* OwnPool() {
  const pb::DescriptorPool* pool = pb::DescriptorPool::generated_pool();
  for (const char* file : kOwnFiles) pool->FindFileByName(file);
  return pool;
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

// Adds the files of all origins to a pool, each after what it imports.
class PoolBuilder {
 public:
  explicit PoolBuilder(pb::DescriptorPool* pool) : pool_(pool) {}

  // The same file may be in several; the first is taken.
  void Offer(const Schema::Origin& origin) {
    for (const pb::FileDescriptorProto& file : origin.files->file()) {
      offered_.try_emplace(file.name(), Offered{&origin.name, &file});
    }
  }

  absl::Status Build() {
    for (const auto& [name, offered] : offered_) {
      if (absl::Status status = Add(name); !status.ok()) return status;
    }
    return absl::OkStatus();
  }

  // In the order they were added, and where each came from.
  struct Added {
    const pb::FileDescriptor* file;
    std::string origin;
  };
  const std::vector<Added>& added() const { return added_; }

 private:
  struct Offered {
    const std::string* origin;
    const pb::FileDescriptorProto* file;
  };

  absl::Status Add(const std::string& name) {
    if (pool_->FindFileByName(name) != nullptr) return absl::OkStatus();
    const Offered& offered = offered_.at(name);
    if (!under_way_.insert(name).second) {
      return absl::InvalidArgumentError(
          absl::StrCat(*offered.origin, ": ", name, " imports itself"));
    }
    for (const std::string& import : offered.file->dependency()) {
      if (!offered_.contains(import)) continue;  // the pool's own, or the pool complains
      if (absl::Status status = Add(import); !status.ok()) return status;
    }
    Complaints complaints;
    const pb::FileDescriptor* file = pool_->BuildFileCollectingErrors(*offered.file, &complaints);
    if (file == nullptr) {
      return absl::InvalidArgumentError(absl::StrCat(*offered.origin, ": ", complaints.text()));
    }
    added_.push_back({file, *offered.origin});
    return absl::OkStatus();
  }

  pb::DescriptorPool* const pool_;
  std::map<std::string, Offered> offered_;
  std::set<std::string> under_way_;
  std::vector<Added> added_;
};

}  // namespace

struct Schema::Parts {
  explicit Parts(const JsonOptions& json_options) : options(json_options), plans(json_options) {}

  absl::Status AddTypes(const pb::FileDescriptor& file) {
    for (int i = 0; i < file.message_type_count(); ++i) {
      if (absl::Status status = AddType(*file.message_type(i)); !status.ok()) return status;
    }
    for (int i = 0; i < file.service_count(); ++i) {
      const pb::ServiceDescriptor& service = *file.service(i);
      for (int j = 0; j < service.method_count(); ++j) {
        methods[absl::StrCat(service.full_name(), "/", service.method(j)->name())] =
            service.method(j);
      }
    }
    return absl::OkStatus();
  }

  absl::Status AddType(const pb::Descriptor& type) {
    if (type.options().map_entry()) return absl::OkStatus();
    absl::StatusOr<EventTyping> typing = EventTypingOf(type);
    if (!typing.ok()) return typing.status();
    types[type.full_name()] = {&type, &plans.PlanFor(type), *std::move(typing)};
    for (int i = 0; i < type.nested_type_count(); ++i) {
      if (absl::Status status = AddType(*type.nested_type(i)); !status.ok()) return status;
    }
    return absl::OkStatus();
  }

  const JsonOptions options;
  // What an origin repeats of the bridge's own files is not taken from it.
  pb::DescriptorPool pool{OwnPool()};
  MessagePlans plans;
  absl::flat_hash_map<std::string, MessageType> types;
  absl::flat_hash_map<std::string, const pb::MethodDescriptor*> methods;
  std::vector<std::string> file_names;
};

Schema::Schema() = default;
Schema::~Schema() = default;

absl::StatusOr<SchemaPtr> Schema::Build(const std::vector<Origin>& origins,
                                        const JsonOptions& options) {
  // Every fault that protobuf would write to standard error comes back as a status.
  pb::SetLogHandler(nullptr);
  std::shared_ptr<Schema> schema(new Schema);
  schema->parts_ = std::make_unique<Parts>(options);
  Parts& parts = *schema->parts_;
  PoolBuilder builder(&parts.pool);
  for (const Origin& origin : origins) builder.Offer(origin);
  if (absl::Status status = builder.Build(); !status.ok()) return status;
  for (const char* file : kOwnFiles) {
    const pb::FileDescriptor* own = parts.pool.FindFileByName(file);
    if (own == nullptr) continue;
    if (absl::Status status = parts.AddTypes(*own); !status.ok()) return status;
  }
  for (const auto& [file, origin] : builder.added()) {
    parts.file_names.push_back(file->name());
    if (absl::Status status = parts.AddTypes(*file); !status.ok()) {
      return absl::Status(status.code(), absl::StrCat(origin, ": ", status.message()));
    }
  }
  return schema;
}

const MessageType* Schema::Find(std::string_view full_name) const {
  const auto it = parts_->types.find(AsAbsl(full_name));
  return it == parts_->types.end() ? nullptr : &it->second;
}

const pb::MethodDescriptor* Schema::FindMethod(std::string_view name) const {
  const auto it = parts_->methods.find(AsAbsl(name));
  return it == parts_->methods.end() ? nullptr : it->second;
}

const pb::DescriptorPool& Schema::pool() const { return parts_->pool; }
std::vector<std::string> Schema::FileNames() const { return parts_->file_names; }
const JsonOptions& Schema::options() const { return parts_->options; }

}  // namespace sluice

#include "bridge/schema/schema.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/stubs/logging.h>

#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "bridge/base/text.h"
#include "bridge/schema/pool_builder.h"
#include "sluice/v1/annotations.pb.h"
#include "sluice/v1/event.pb.h"

namespace sluice {
namespace {

namespace pb = google::protobuf;

// Files whose types are known without any origin.
constexpr const char* kOwnFiles[] = {
    "google/protobuf/any.proto",
    "google/protobuf/duration.proto",
    "google/protobuf/empty.proto",
    "google/protobuf/field_mask.proto",
    "google/protobuf/struct.proto",
    "google/protobuf/timestamp.proto",
    "google/protobuf/wrappers.proto",
    "google/protobuf/descriptor.proto",
    "google/protobuf/api.proto",
    "google/protobuf/type.proto",
    "google/protobuf/source_context.proto",
    "google/rpc/status.proto",
    "sluice/v1/annotations.proto",
    "sluice/v1/event.proto",
    "sluice/v1/publisher.proto",
    "sluice/v1/subscriber.proto",
    "sluice/v1/event_source.proto",
    "sluice/v1/authorizer.proto",
    "sluice/v1/admin.proto",
    "grpc/health/v1/health.proto",
    "grpc/reflection/v1/reflection.proto",
    "grpc/reflection/v1alpha/reflection.proto",
};

// The bridge's own files and the well-known types, which the generated pool builds
// only when they are asked for.
const pb::DescriptorPool* OwnPool() {
  const pb::DescriptorPool* pool = pb::DescriptorPool::generated_pool();
  for (const char* file : kOwnFiles) pool->FindFileByName(file);
  return pool;
}

// What of a symbol's name stands before its last dot, and after.
std::pair<std::string_view, std::string_view> SplitSymbol(std::string_view symbol) {
  const size_t dot = symbol.rfind('.');
  if (dot == std::string_view::npos) return {"", symbol};
  return {symbol.substr(0, dot), symbol.substr(dot + 1)};
}

}  // namespace

struct Schema::Parts {
  explicit Parts(const JsonOptions& json_options)
      : options(json_options), plans(json_options, &pool) {}

  absl::Status AddFile(const pb::FileDescriptor& file, const Origin* origin) {
    if (!files.emplace(file.name(), &file).second) return absl::OkStatus();
    AddEnums(file);
    for (int i = 0; i < file.extension_count(); ++i) {
      symbols.emplace(file.extension(i)->full_name(), &file);
    }
    for (int i = 0; i < file.service_count(); ++i) {
      const pb::ServiceDescriptor& service = *file.service(i);
      services.emplace(service.full_name(), &service);
      for (int j = 0; j < service.method_count(); ++j) {
        methods.emplace(absl::StrCat(service.full_name(), "/", service.method(j)->name()),
                        service.method(j));
      }
    }
    for (int i = 0; i < file.message_type_count(); ++i) {
      if (absl::Status status = AddType(*file.message_type(i), origin); !status.ok()) return status;
    }
    return absl::OkStatus();
  }

  // (What is hidden by its like keeps the first place.)
  absl::Status AddType(const pb::Descriptor& type, const Origin* origin) {
    AddEnums(type);
    for (int i = 0; i < type.extension_count(); ++i) {
      symbols.emplace(type.extension(i)->full_name(), type.file());
    }
    if (type.options().map_entry()) return absl::OkStatus();
    absl::StatusOr<EventTyping> typing = EventTypingOf(type);
    if (!typing.ok()) {
      const std::string why = absl::StrCat(origin == nullptr ? "" : origin->name, ": ",
                                           std::string(typing.status().message()));
      if (origin == nullptr || !origin->may_lack_files) return absl::InvalidArgumentError(why);
      left_out[origin->name].push_back(why);
      typing = EventTyping{EventTypeOfMessage(type.full_name())};
    }
    if (!types.contains(type.full_name())) {
      types.emplace(type.full_name(), MessageType{&type, &plans.PlanFor(type), *std::move(typing)});
    }
    for (int i = 0; i < type.nested_type_count(); ++i) {
      if (absl::Status status = AddType(*type.nested_type(i), origin); !status.ok()) return status;
    }
    return absl::OkStatus();
  }

  // `scope` is a file or a message. A value's name stands beside its enum's.
  template <typename Scope>
  void AddEnums(const Scope& scope) {
    for (int i = 0; i < scope.enum_type_count(); ++i) {
      const pb::EnumDescriptor& type = *scope.enum_type(i);
      symbols.emplace(type.full_name(), type.file());
      for (int j = 0; j < type.value_count(); ++j) {
        symbols.emplace(type.value(j)->full_name(), type.file());
      }
    }
  }

  const JsonOptions options;
  // What an origin repeats of the bridge's own files is not taken from it.
  pb::DescriptorPool pool{OwnPool()};
  MessagePlans plans;
  absl::flat_hash_map<std::string, MessageType> types;
  absl::flat_hash_map<std::string, const pb::MethodDescriptor*> methods;
  absl::flat_hash_map<std::string, const pb::ServiceDescriptor*> services;
  absl::flat_hash_map<std::string, const pb::FileDescriptor*> files;
  // Of enums, their values and extensions.
  absl::flat_hash_map<std::string, const pb::FileDescriptor*> symbols;
  std::map<std::string, std::vector<std::string>> left_out;
  std::vector<std::string> configured_file_names;
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
  parts.left_out = builder.left_out();
  for (const char* file : kOwnFiles) {
    const pb::FileDescriptor* own = parts.pool.FindFileByName(file);
    if (own == nullptr) continue;
    if (absl::Status status = parts.AddFile(*own, nullptr); !status.ok()) return status;
  }
  // Whatever else is compiled in is known where somebody has it in a set.
  for (const Origin& origin : origins) {
    for (const pb::FileDescriptorProto& file : origin.files->file()) {
      const pb::FileDescriptor* own =
          pb::DescriptorPool::generated_pool()->FindFileByName(file.name());
      if (own == nullptr) continue;
      if (absl::Status status = parts.AddFile(*own, nullptr); !status.ok()) return status;
    }
  }
  for (const auto& [file, origin] : builder.added()) {
    if (!origin->may_lack_files) parts.configured_file_names.push_back(file->name());
    if (absl::Status status = parts.AddFile(*file, origin); !status.ok()) return status;
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

const pb::FileDescriptor* Schema::FindFile(std::string_view name) const {
  const auto it = parts_->files.find(AsAbsl(name));
  return it == parts_->files.end() ? nullptr : it->second;
}

const pb::FileDescriptor* Schema::FindFileContaining(std::string_view symbol) const {
  const auto service = [this](std::string_view name) {
    const auto it = parts_->services.find(AsAbsl(name));
    return it == parts_->services.end() ? nullptr : it->second;
  };
  if (const auto it = parts_->symbols.find(AsAbsl(symbol)); it != parts_->symbols.end()) {
    return it->second;
  }
  if (const MessageType* type = Find(symbol)) return type->descriptor->file();
  if (const pb::ServiceDescriptor* whole = service(symbol)) return whole->file();
  const auto [scope, last] = SplitSymbol(symbol);
  const std::string name(last);
  if (const pb::ServiceDescriptor* of_method = service(scope)) {
    return of_method->FindMethodByName(name) == nullptr ? nullptr : of_method->file();
  }
  const MessageType* of_field = Find(scope);
  if (of_field == nullptr || (of_field->descriptor->FindFieldByName(name) == nullptr &&
                              of_field->descriptor->FindOneofByName(name) == nullptr)) {
    return nullptr;
  }
  return of_field->descriptor->file();
}

bool Schema::Knows(std::string_view name) const {
  const bool is_method = name.find('/') != std::string_view::npos;
  return is_method ? FindMethod(name) != nullptr : Find(name) != nullptr;
}

const pb::DescriptorPool& Schema::pool() const { return parts_->pool; }
std::vector<std::string> Schema::ConfiguredFileNames() const {
  return parts_->configured_file_names;
}
const std::map<std::string, std::vector<std::string>>& Schema::left_out() const {
  return parts_->left_out;
}
const JsonOptions& Schema::options() const { return parts_->options; }

}  // namespace sluice

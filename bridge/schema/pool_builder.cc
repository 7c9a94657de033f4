#include "bridge/schema/pool_builder.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace sluice {
namespace {

namespace pb = google::protobuf;

class Complaints final : public pb::DescriptorPool::ErrorCollector {
 public:
  void AddError(const std::string& file, const std::string& element, const pb::Message*,
                ErrorLocation, const std::string& message) override {
    if (lines_.size() < kLinesMax)
      lines_.push_back(absl::StrCat(file, ": ", element, ": ", message));
  }
  std::string text() const { return absl::StrJoin(lines_, "; "); }

 private:
  static constexpr size_t kLinesMax = 4;
  std::vector<std::string> lines_;
};

// Text that is as long as its author likes, and that no search is made for.
bool IsFreeText(const pb::FieldDescriptor& field) {
  return field.name() == "default_value" || field.name() == "aggregate_value";
}

// protobuf takes the square of a name's length to look it up, and calls itself once
// for each of its dots: a name of a megabyte would end the bridge.
bool NamesAreShort(const pb::Message& message) {
  const pb::Reflection& reflection = *message.GetReflection();
  std::vector<const pb::FieldDescriptor*> fields;
  reflection.ListFields(message, &fields);
  for (const pb::FieldDescriptor* field : fields) {
    const bool repeated = field->is_repeated();
    const int size = repeated ? reflection.FieldSize(message, field) : 1;
    if (field->type() == pb::FieldDescriptor::TYPE_STRING && !IsFreeText(*field)) {
      for (int i = 0; i < size; ++i) {
        std::string scratch;
        const std::string& name =
            repeated ? reflection.GetRepeatedStringReference(message, field, i, &scratch)
                     : reflection.GetStringReference(message, field, &scratch);
        if (name.size() > kTypeNameBytesMax) return false;
      }
    } else if (field->cpp_type() == pb::FieldDescriptor::CPPTYPE_MESSAGE &&
               field->message_type() != pb::SourceCodeInfo::descriptor()) {
      for (int i = 0; i < size; ++i) {
        if (!NamesAreShort(repeated ? reflection.GetRepeatedMessage(message, field, i)
                                    : reflection.GetMessage(message, field))) {
          return false;
        }
      }
    }
  }
  return true;
}

// protoc writes the JSON names of all fields down, a server's reflection may not.
void ForgetJsonNames(pb::DescriptorProto* type) {
  for (pb::FieldDescriptorProto& field : *type->mutable_field()) field.clear_json_name();
  for (pb::FieldDescriptorProto& field : *type->mutable_extension()) field.clear_json_name();
  for (pb::DescriptorProto& nested : *type->mutable_nested_type()) ForgetJsonNames(&nested);
}

bool Same(pb::DescriptorProto offered, const pb::Descriptor& own) {
  pb::DescriptorProto own_proto;
  own.CopyTo(&own_proto);
  ForgetJsonNames(&offered);
  ForgetJsonNames(&own_proto);
  return offered.SerializeAsString() == own_proto.SerializeAsString();
}

bool Same(const pb::EnumDescriptorProto& offered, const pb::EnumDescriptor& own) {
  pb::EnumDescriptorProto own_proto;
  own.CopyTo(&own_proto);
  return offered.SerializeAsString() == own_proto.SerializeAsString();
}

// A pool lets a file hide what the pool below it has. Whoever hid a well-known type
// behind a message of another shape would have it taken for what it is not. Empty:
// nothing is hidden but by its like (a copy under another file name).
std::string NameThatHides(const pb::FileDescriptorProto& file) {
  const pb::DescriptorPool& own = *pb::DescriptorPool::generated_pool();
  const std::string scope = file.package().empty() ? "" : file.package() + ".";
  for (const pb::DescriptorProto& offered : file.message_type()) {
    const pb::Descriptor* type = own.FindMessageTypeByName(scope + offered.name());
    if (type != nullptr && !Same(offered, *type)) return type->full_name();
  }
  for (const pb::EnumDescriptorProto& offered : file.enum_type()) {
    const pb::EnumDescriptor* type = own.FindEnumTypeByName(scope + offered.name());
    if (type != nullptr && !Same(offered, *type)) return type->full_name();
  }
  return "";
}

absl::Status Fault(const Schema::Origin& origin, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat(origin.name, ": ", what));
}

}  // namespace

void PoolBuilder::Offer(const Schema::Origin& origin) {
  origins_.push_back(&origin);
  for (const pb::FileDescriptorProto& file : origin.files->file()) {
    offered_[file.name()].push_back({&origin, &file});
  }
}

absl::Status PoolBuilder::Build() {
  for (const Schema::Origin* origin : origins_) {
    for (const pb::FileDescriptorProto& file : origin->files->file()) {
      const absl::Status status = Add(file.name());
      if (!status.ok() && !origin->may_lack_files) return status;
    }
  }
  return absl::OkStatus();
}

absl::Status PoolBuilder::Add(const std::string& name) {
  if (pool_->FindFileByName(name) != nullptr) return absl::OkStatus();
  if (const auto failed = failed_.find(name); failed != failed_.end()) return failed->second;
  const std::vector<Offered>& candidates = offered_.at(name);
  if (!under_way_.insert(name).second) {
    return Fault(*candidates.front().origin, absl::StrCat(name, " imports itself"));
  }
  absl::Status first_fault;
  for (const Offered& offered : candidates) {
    absl::Status status = AddFrom(offered);
    if (status.ok()) first_fault = absl::OkStatus();
    if (!status.ok() && first_fault.ok()) first_fault = std::move(status);
    if (first_fault.ok() || !offered.origin->may_lack_files) break;
  }
  under_way_.erase(name);
  if (!first_fault.ok()) {
    failed_.emplace(name, first_fault);
    left_out_[candidates.front().origin->name].push_back(std::string(first_fault.message()));
  }
  return first_fault;
}

absl::Status PoolBuilder::AddFrom(const Offered& offered) {
  const pb::FileDescriptorProto& proto = *offered.file;
  if (!NamesAreShort(proto)) {
    return Fault(*offered.origin,
                 absl::StrCat(proto.name().substr(0, kTypeNameBytesMax),
                              ": holds a name of more than ", kTypeNameBytesMax, " bytes"));
  }
  for (const std::string& import : proto.dependency()) {
    if (!offered_.contains(import)) continue;  // the pool's own, or the pool complains
    if (absl::Status status = Add(import); !status.ok() && !offered.origin->may_lack_files) {
      return status;
    }
  }
  if (const std::string hidden = NameThatHides(proto); !hidden.empty()) {
    return Fault(*offered.origin, absl::StrCat(proto.name(), ": ", hidden,
                                               " is a type of the bridge's own, and another"));
  }
  Complaints complaints;
  const pb::FileDescriptor* file = pool_->BuildFileCollectingErrors(proto, &complaints);
  if (file == nullptr) return Fault(*offered.origin, complaints.text());
  added_.push_back({file, offered.origin});
  return absl::OkStatus();
}

}  // namespace sluice

#include "tests/fuzz/transcoder/random_schema.h"

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

namespace sluice {
namespace {

namespace pb = google::protobuf;
using Field = pb::FieldDescriptorProto;

constexpr int kFiles = 3;

constexpr const char* kWellKnownFiles[] = {"any",    "duration",  "empty",   "field_mask",
                                           "struct", "timestamp", "wrappers"};
constexpr const char* kWellKnownTypes[] = {
    "Any",         "Any",        "Any",         "Timestamp",   "Duration",
    "FieldMask",   "Struct",     "Value",       "Value",       "ListValue",
    "Empty",       "BoolValue",  "Int32Value",  "UInt32Value", "Int64Value",
    "UInt64Value", "FloatValue", "DoubleValue", "BytesValue",  "StringValue"};

// Every type a map's key can have.
constexpr Field::Type kKeyTypes[] = {Field::TYPE_STRING,  Field::TYPE_STRING,  Field::TYPE_BOOL,
                                     Field::TYPE_INT32,   Field::TYPE_INT64,   Field::TYPE_UINT32,
                                     Field::TYPE_UINT64,  Field::TYPE_SINT32,  Field::TYPE_SINT64,
                                     Field::TYPE_FIXED32, Field::TYPE_FIXED64, Field::TYPE_SFIXED32,
                                     Field::TYPE_SFIXED64};

bool CanBePacked(Field::Type type) {
  return type != Field::TYPE_STRING && type != Field::TYPE_BYTES && type != Field::TYPE_MESSAGE &&
         type != Field::TYPE_GROUP;
}

enum class Place { kMessage, kMap, kGroup };

class Generator {
 public:
  explicit Generator(Choices& choices) : choices_(choices) {}

  std::shared_ptr<const pb::FileDescriptorSet> Make() {
    auto files = std::make_shared<pb::FileDescriptorSet>();
    for (int i = 0; i < kFiles; ++i) MakeFile(i, files->add_file());
    return files;
  }

 private:
  void MakeFile(int index, pb::FileDescriptorProto* file) {
    file->set_name(absl::StrCat("fuzz", index, ".proto"));
    file->set_package(absl::StrCat("fuzz", index));
    proto3_ = choices_.OneIn(2);
    file->set_syntax(proto3_ ? "proto3" : "proto2");
    for (const char* known : kWellKnownFiles) {
      file->add_dependency(absl::StrCat("google/protobuf/", known, ".proto"));
    }
    for (int i = 0; i < index; ++i) file->add_dependency(absl::StrCat("fuzz", i, ".proto"));
    const std::string scope = absl::StrCat(".", file->package());
    const int enums = 1 + static_cast<int>(choices_.Below(2));
    for (int i = 0; i < enums; ++i) {
      MakeEnum(absl::StrCat("E", i), absl::StrCat(scope, ".E", i), file->add_enum_type());
    }
    // All names first: messages hold each other, and themselves.
    std::vector<std::pair<std::string, pb::DescriptorProto*>> messages;
    const int count = 1 + static_cast<int>(choices_.Below(3));
    for (int i = 0; i < count; ++i) {
      pb::DescriptorProto* message = file->add_message_type();
      message->set_name(absl::StrCat("M", i));
      messages.emplace_back(absl::StrCat(scope, ".M", i), message);
      if (!choices_.OneIn(3)) continue;
      pb::DescriptorProto* nested = message->add_nested_type();
      nested->set_name("Inner");
      messages.emplace_back(absl::StrCat(scope, ".M", i, ".Inner"), nested);
    }
    for (const auto& [name, message] : messages) messages_.push_back(name);
    for (const auto& [name, message] : messages) MakeFields(name, message);
  }

  // Only proto3's enums are open, and only those may be in proto3's messages.
  void MakeEnum(const std::string& name, const std::string& full_name,
                pb::EnumDescriptorProto* type) {
    type->set_name(name);
    const int first = proto3_ ? 0 : choices_.Of({0, 1, -1});
    std::set<int> used;
    const auto add = [&](int number) {
      pb::EnumValueDescriptorProto* value = type->add_value();
      value->set_name(absl::StrCat(name, "_V", type->value_size()));
      value->set_number(number);
      if (!used.insert(number).second) type->mutable_options()->set_allow_alias(true);
    };
    add(first);
    const int more = static_cast<int>(choices_.Below(4));
    for (int i = 0; i < more; ++i) add(choices_.Of({0, 1, 2, -1, 5, 1000, 2147483647}));
    (proto3_ ? open_enums_ : closed_enums_).push_back(full_name);
    if (first != 0) not_from_zero_.insert(full_name);
  }

  void MakeFields(const std::string& scope, pb::DescriptorProto* message) {
    names_.clear();
    numbers_.clear();
    const int count = 1 + static_cast<int>(choices_.Below(10));
    for (int i = 0; i < count; ++i) {
      if (choices_.OneIn(6)) {
        MakeMap(scope, message);
      } else if (choices_.OneIn(8)) {
        MakeOneof(scope, message);
      } else {
        MakeField(scope, message);
      }
    }
    // What stands for `optional` comes after all real oneofs.
    if (!proto3_) return;
    for (Field& field : *message->mutable_field()) {
      if (field.label() == Field::LABEL_REPEATED || field.has_oneof_index()) continue;
      if (!choices_.OneIn(4)) continue;
      field.set_proto3_optional(true);
      field.set_oneof_index(message->oneof_decl_size());
      message->add_oneof_decl()->set_name(absl::StrCat("_", field.name()));
    }
  }

  Field* MakeField(const std::string& scope, pb::DescriptorProto* message) {
    Field* field = message->add_field();
    NameAndNumber(field);
    field->set_label(Field::LABEL_OPTIONAL);
    SetType(scope, message, field, Place::kMessage);
    if (choices_.OneIn(3)) {
      field->set_label(Field::LABEL_REPEATED);
      if (CanBePacked(field->type()) && choices_.OneIn(2)) {
        field->mutable_options()->set_packed(choices_.OneIn(2));
      }
    } else if (!proto3_ && choices_.OneIn(10)) {
      field->set_label(Field::LABEL_REQUIRED);
    }
    return field;
  }

  void MakeOneof(const std::string& scope, pb::DescriptorProto* message) {
    const int index = message->oneof_decl_size();
    message->add_oneof_decl()->set_name(absl::StrCat("choice", index));
    const int count = 1 + static_cast<int>(choices_.Below(4));
    for (int i = 0; i < count; ++i) {
      Field* field = message->add_field();
      NameAndNumber(field);
      field->set_label(Field::LABEL_OPTIONAL);
      SetType(scope, message, field, Place::kMessage);
      field->set_oneof_index(index);
    }
  }

  void MakeMap(const std::string& scope, pb::DescriptorProto* message) {
    Field* map = message->add_field();
    NameAndNumber(map);
    const std::string suffix = std::to_string(names_.size());
    map->set_name(absl::StrCat("map", suffix));
    map->set_label(Field::LABEL_REPEATED);
    map->set_type(Field::TYPE_MESSAGE);
    pb::DescriptorProto* entry = message->add_nested_type();
    entry->set_name(absl::StrCat("Map", suffix, "Entry"));
    entry->mutable_options()->set_map_entry(true);
    map->set_type_name(absl::StrCat(scope, ".", entry->name()));
    Field* key = entry->add_field();
    key->set_name("key");
    key->set_number(1);
    key->set_label(Field::LABEL_OPTIONAL);
    key->set_type(kKeyTypes[choices_.Below(std::size(kKeyTypes))]);
    Field* value = entry->add_field();
    value->set_name("value");
    value->set_number(2);
    value->set_label(Field::LABEL_OPTIONAL);
    SetType(scope, entry, value, Place::kMap);
  }

  void SetType(const std::string& scope, pb::DescriptorProto* message, Field* field, Place place) {
    const auto type = static_cast<Field::Type>(1 + choices_.Below(Field::Type_MAX));
    field->set_type(type);
    if (type == Field::TYPE_GROUP) {
      if (place == Place::kMessage && !proto3_) return MakeGroup(scope, message, field);
      field->set_type(Field::TYPE_MESSAGE);
    }
    if (field->type() == Field::TYPE_MESSAGE) {
      field->set_type_name(
          choices_.OneIn(2)
              ? absl::StrCat(".google.protobuf.",
                             kWellKnownTypes[choices_.Below(std::size(kWellKnownTypes))])
              : messages_[choices_.Below(messages_.size())]);
    }
    if (field->type() != Field::TYPE_ENUM) return;
    const std::string type_name = AnyEnum(place);
    if (type_name.empty()) return field->set_type(Field::TYPE_INT32);
    field->set_type_name(type_name);
  }

  // Empty: none can be there. (In messages of proto2, protobuf's C++ takes open enums for
  // closed ones, against its own specification: none there.)
  std::string AnyEnum(Place place) {
    std::vector<std::string> enums = proto3_ ? open_enums_ : closed_enums_;
    if (proto3_) enums.push_back(".google.protobuf.NullValue");
    // A map's values begin at zero.
    if (place == Place::kMap) {
      std::erase_if(enums, [this](const auto& name) { return not_from_zero_.contains(name); });
    }
    return enums.empty() ? "" : enums[choices_.Below(static_cast<uint32_t>(enums.size()))];
  }

  // A group's field is its type's name in lower case.
  void MakeGroup(const std::string& scope, pb::DescriptorProto* message, Field* field) {
    const std::string suffix = std::to_string(names_.size());
    field->set_name(absl::StrCat("group", suffix));
    field->clear_json_name();
    pb::DescriptorProto* group = message->add_nested_type();
    group->set_name(absl::StrCat("Group", suffix));
    field->set_type_name(absl::StrCat(scope, ".", group->name()));
    const int count = static_cast<int>(choices_.Below(3));
    for (int i = 1; i <= count; ++i) {
      Field* inner = group->add_field();
      inner->set_name(absl::StrCat("in_group", i));
      inner->set_number(i);
      inner->set_label(choices_.OneIn(3) ? Field::LABEL_REPEATED : Field::LABEL_OPTIONAL);
      SetType(scope, group, inner, Place::kGroup);
    }
  }

  void NameAndNumber(Field* field) {
    const int index = static_cast<int>(names_.size());
    const char* style =
        choices_.Of({"field_", "a_b_c", "camelCase", "UPPER", "_x", "x__y", "n1_2_"});
    field->set_name(absl::StrCat(style, index));
    names_.insert(field->name());
    if (choices_.OneIn(8)) {
      field->set_json_name(
          absl::StrCat(choices_.Of({"json", "a.b", "\"<&'>\\", "é\n", "@type"}), "#", index));
    }
    int number = index + 1;
    if (choices_.OneIn(4)) number = static_cast<int>(1 + choices_.Below(18'000));
    if (choices_.OneIn(16)) number = static_cast<int>(536'870'911 - choices_.Below(1000));
    while (!numbers_.insert(number).second) number += number > 20'000 ? -1 : 1;
    field->set_number(number);
  }

  Choices& choices_;
  bool proto3_ = false;
  // Full names, of this file and those before it.
  std::vector<std::string> messages_, open_enums_, closed_enums_;
  std::set<std::string> not_from_zero_;
  // Of the message under way.
  std::set<std::string> names_;
  std::set<int> numbers_;
};

JsonStyle RandomStyle(Choices& choices) {
  return {.print_implicit_fields = choices.OneIn(2),
          .proto_field_names = choices.OneIn(4),
          .enums_as_numbers = choices.OneIn(4)};
}

}  // namespace

std::shared_ptr<const pb::FileDescriptorSet> RandomSchema(Choices& choices) {
  return Generator(choices).Make();
}

JsonOptions RandomOptions(const pb::FileDescriptorSet& files, Choices& choices) {
  JsonOptions options;
  options.style = RandomStyle(choices);
  if (choices.OneIn(4)) {
    const pb::FileDescriptorProto& file = files.file(0);
    options.types[absl::StrCat(file.package(), ".", file.message_type(0).name())] = {
        .print_implicit_fields = choices.OneIn(2), .proto_field_names = choices.OneIn(2)};
  }
  if (choices.OneIn(8)) options.depth_max = 1 + choices.Below(8);
  if (choices.OneIn(8)) options.bytes_max = 16 + choices.Below(200);
  return options;
}

}  // namespace sluice

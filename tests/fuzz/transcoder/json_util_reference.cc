#include "tests/fuzz/transcoder/json_util_reference.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/util/json_util.h>
#include <google/protobuf/util/type_resolver_util.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "bridge/schema/json_transcoder.h"
#include "tests/fuzz/transcoder/reference_message.h"

namespace sluice {
namespace {

namespace pb = google::protobuf;
using nlohmann::json;
using pb::FieldDescriptor;

// What json_util 3.21.12 gets wrong of a single message, whatever is around it. Each has
// its test in tests/schema/json_util_differences_test.cc.
struct KnownDifference {
  const char* name;
  bool (*applies)(const pb::Message& message, const JsonStyle& style);
};

bool Is(const pb::Message& message, const char* full_name) {
  return message.GetDescriptor()->full_name() == full_name;
}

bool AnyField(const pb::Message& message, bool (*holds)(const FieldDescriptor&)) {
  const pb::Descriptor& type = *message.GetDescriptor();
  for (int i = 0; i < type.field_count(); ++i) {
    if (holds(*type.field(i))) return true;
  }
  return false;
}

std::string TextOf(const pb::Message& message, int field) {
  return message.GetReflection()->GetString(message, message.GetDescriptor()->field(field));
}

constexpr char kAny[] = "google.protobuf.Any";

constexpr KnownDifference kKnownDifferences[] = {
    {"leaves out groups",
     [](const pb::Message& message, const JsonStyle&) {
       return AnyField(message, [](const FieldDescriptor& field) {
         return field.type() == FieldDescriptor::TYPE_GROUP;
       });
     }},
    {"prints proto2's optional fields that are not set",
     [](const pb::Message& message, const JsonStyle& style) {
       return style.print_implicit_fields &&
              message.GetDescriptor()->file()->syntax() == pb::FileDescriptor::SYNTAX_PROTO2;
     }},
    {"prints an implicit NullValue as a string",
     [](const pb::Message& message, const JsonStyle& style) {
       return style.print_implicit_fields && AnyField(message, [](const FieldDescriptor& field) {
                return field.type() == FieldDescriptor::TYPE_ENUM &&
                       field.enum_type()->full_name() == "google.protobuf.NullValue";
              });
     }},
    {"leaves out the first underscore of a path, and what is in quotes as it is",
     [](const pb::Message& message, const JsonStyle&) {
       if (!Is(message, "google.protobuf.FieldMask")) return false;
       const auto paths = message.GetReflection()->GetRepeatedFieldRef<std::string>(
           message, message.GetDescriptor()->field(0));
       return std::any_of(paths.begin(), paths.end(), [](const std::string& path) {
         return path.starts_with('_') || path.find('"') != path.npos ||
                path.find("._") != path.npos;
       });
     }},
    {"knows no type by another prefix than its resolver's",
     [](const pb::Message& message, const JsonStyle&) {
       return Is(message, kAny) && !TextOf(message, 0).starts_with("type.googleapis.com/");
     }},
    {"prints the implicit fields of what has a JSON form of its own, in an Any",
     [](const pb::Message& message, const JsonStyle& style) {
       return style.print_implicit_fields && Is(message, kAny) &&
              MessageNameOf(TextOf(message, 0)).starts_with("google.protobuf.");
     }},
    {"prints nothing but the \"@type\" of an Any without bytes",
     [](const pb::Message& message, const JsonStyle&) {
       return Is(message, kAny) && TextOf(message, 1).empty();
     }},
};

std::string DeterministicBytes(const pb::Message& message) {
  std::string bytes;
  pb::io::StringOutputStream stream(&bytes);
  pb::io::CodedOutputStream out(&stream);
  out.SetSerializationDeterministic(true);
  message.SerializePartialToCodedStream(&out);
  out.Trim();
  return bytes;
}

}  // namespace

bool JsonUtilReference::Prepare(pb::Message* message) const {
  for (const KnownDifference& difference : kKnownDifferences) {
    if (difference.applies(*message, schema_.options().style)) return false;
  }
  if (Is(*message, kAny)) return PrepareInside(message);
  const pb::Reflection& reflection = *message->GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection.ListFields(*message, &fields);
  for (const FieldDescriptor* field : fields) {
    if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) continue;
    if (!field->is_repeated()) {
      if (!Prepare(reflection.MutableMessage(message, field))) return false;
      continue;
    }
    for (int i = 0; i < reflection.FieldSize(*message, field); ++i) {
      if (!Prepare(reflection.MutableRepeatedMessage(message, field, i))) return false;
    }
  }
  return true;
}

bool JsonUtilReference::PrepareInside(pb::Message* any) const {
  const MessageType* type = schema_.Find(MessageNameOf(TextOf(*any, 0)));
  if (type == nullptr) return true;
  const auto inside = ReferenceMessage(*factory_.GetPrototype(type->descriptor), TextOf(*any, 1));
  if (inside == nullptr || !Prepare(inside.get())) return false;
  const std::string bytes = DeterministicBytes(*inside);
  any->GetReflection()->SetString(any, any->GetDescriptor()->field(1), bytes);
  return !bytes.empty();  // or see above
}

JsonUtilReference::JsonUtilReference(const Schema& schema, pb::DynamicMessageFactory& factory)
    : schema_(schema),
      factory_(factory),
      resolver_(pb::util::NewTypeResolverForDescriptorPool("type.googleapis.com", &schema.pool())) {
}
JsonUtilReference::~JsonUtilReference() = default;

std::optional<json> JsonUtilReference::Print(const pb::Message& message) const {
  const JsonOptions& options = schema_.options();
  const std::unique_ptr<pb::Message> prepared(message.New());
  prepared->CopyFrom(message);
  if (!options.types.empty() || !Prepare(prepared.get())) return std::nullopt;
  pb::util::JsonPrintOptions print;
  print.always_print_primitive_fields = options.style.print_implicit_fields;
  print.always_print_enums_as_ints = options.style.enums_as_numbers;
  print.preserve_proto_field_names = options.style.proto_field_names;
  std::string text;
  const pb::util::Status printed = pb::util::BinaryToJsonString(
      resolver_.get(), absl::StrCat("type.googleapis.com/", message.GetDescriptor()->full_name()),
      DeterministicBytes(*prepared), &text, print);
  return printed.ok() ? json::parse(text, nullptr, false) : json(json::value_t::discarded);
}

bool AlmostEqual(const json& a, const json& b) {
  if (a.is_number() && b.is_number()) {
    const double x = a.get<double>();
    const double y = b.get<double>();
    return x == y || static_cast<float>(x) == static_cast<float>(y);
  }
  if (a.type() != b.type() || a.size() != b.size()) return false;
  if (a.is_array()) return std::equal(a.begin(), a.end(), b.begin(), AlmostEqual);
  if (!a.is_object()) return a == b;
  for (auto left = a.begin(), right = b.begin(); left != a.end(); ++left, ++right) {
    if (left.key() != right.key() || !AlmostEqual(*left, *right)) return false;
  }
  return true;
}

}  // namespace sluice

#include "bridge/schema/transcoder/message_plan.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>

#include <algorithm>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "bridge/base/json_quote.h"
#include "bridge/base/text.h"
#include "bridge/schema/transcoder/plan_parts.h"

namespace sluice {
namespace {

namespace pb = google::protobuf;
using pb::FieldDescriptor;

// Fields up to this number are found by index, in messages that are not full of holes.
constexpr uint32_t kLowNumberMax = 1024;

struct KindOfType {
  FieldKind kind;
  wire::Type wire;
};

KindOfType KindOf(FieldDescriptor::Type type) {
  switch (type) {
    case FieldDescriptor::TYPE_DOUBLE:
      return {FieldKind::kDouble, wire::kFixed64};
    case FieldDescriptor::TYPE_FLOAT:
      return {FieldKind::kFloat, wire::kFixed32};
    case FieldDescriptor::TYPE_INT64:
      return {FieldKind::kInt64, wire::kVarint};
    case FieldDescriptor::TYPE_UINT64:
      return {FieldKind::kUint64, wire::kVarint};
    case FieldDescriptor::TYPE_INT32:
      return {FieldKind::kInt32, wire::kVarint};
    case FieldDescriptor::TYPE_FIXED64:
      return {FieldKind::kFixed64, wire::kFixed64};
    case FieldDescriptor::TYPE_FIXED32:
      return {FieldKind::kFixed32, wire::kFixed32};
    case FieldDescriptor::TYPE_BOOL:
      return {FieldKind::kBool, wire::kVarint};
    case FieldDescriptor::TYPE_STRING:
      return {FieldKind::kString, wire::kLength};
    case FieldDescriptor::TYPE_GROUP:
      return {FieldKind::kGroup, wire::kStartGroup};
    case FieldDescriptor::TYPE_MESSAGE:
      return {FieldKind::kMessage, wire::kLength};
    case FieldDescriptor::TYPE_BYTES:
      return {FieldKind::kBytes, wire::kLength};
    case FieldDescriptor::TYPE_UINT32:
      return {FieldKind::kUint32, wire::kVarint};
    case FieldDescriptor::TYPE_ENUM:
      return {FieldKind::kEnum, wire::kVarint};
    case FieldDescriptor::TYPE_SFIXED32:
      return {FieldKind::kSfixed32, wire::kFixed32};
    case FieldDescriptor::TYPE_SFIXED64:
      return {FieldKind::kSfixed64, wire::kFixed64};
    case FieldDescriptor::TYPE_SINT32:
      return {FieldKind::kSint32, wire::kVarint};
    case FieldDescriptor::TYPE_SINT64:
      return {FieldKind::kSint64, wire::kVarint};
  }
  return {FieldKind::kBytes, wire::kLength};
}

// The types of its fields, which are numbered from 1 on.
std::string ShapeOf(const pb::Descriptor& type) {
  std::string shape;
  for (int number = 1; number <= type.field_count(); ++number) {
    const FieldDescriptor* field = type.FindFieldByNumber(number);
    if (field == nullptr) return "";
    absl::StrAppend(&shape, number > 1 ? " " : "", field->type_name(),
                    field->is_repeated() ? "*" : "");
  }
  return shape;
}

// By name, and by shape, which the printers of these forms rely on.
MessageForm FormOf(const pb::Descriptor& type) {
  static constexpr struct {
    const char* name;
    const char* shape;
    MessageForm form;
  } kForms[] = {
      {"google.protobuf.Any", "string bytes", MessageForm::kAny},
      {"google.protobuf.Timestamp", "int64 int32", MessageForm::kTimestamp},
      {"google.protobuf.Duration", "int64 int32", MessageForm::kDuration},
      {"google.protobuf.FieldMask", "string*", MessageForm::kFieldMask},
      {"google.protobuf.Struct", "message*", MessageForm::kStruct},
      {"google.protobuf.Value", "enum double string bool message message", MessageForm::kValue},
      {"google.protobuf.ListValue", "message*", MessageForm::kListValue},
      {"google.protobuf.DoubleValue", "double", MessageForm::kWrapper},
      {"google.protobuf.FloatValue", "float", MessageForm::kWrapper},
      {"google.protobuf.Int64Value", "int64", MessageForm::kWrapper},
      {"google.protobuf.UInt64Value", "uint64", MessageForm::kWrapper},
      {"google.protobuf.Int32Value", "int32", MessageForm::kWrapper},
      {"google.protobuf.UInt32Value", "uint32", MessageForm::kWrapper},
      {"google.protobuf.BoolValue", "bool", MessageForm::kWrapper},
      {"google.protobuf.StringValue", "string", MessageForm::kWrapper},
      {"google.protobuf.BytesValue", "bytes", MessageForm::kWrapper},
  };
  for (const auto& known : kForms) {
    if (type.full_name() != known.name) continue;
    const bool is_map = type.field_count() == 1 && type.field(0)->is_map();
    const bool right =
        ShapeOf(type) == known.shape && is_map == (known.form == MessageForm::kStruct);
    return right ? known.form : MessageForm::kObject;
  }
  return MessageForm::kObject;
}

}  // namespace

struct MessagePlans::Parts {
  JsonOptions options;
  const pb::DescriptorPool* extensions = nullptr;
  absl::flat_hash_map<std::string, std::unique_ptr<MessagePlan>> plans;
  std::vector<std::unique_ptr<MessagePlan>> map_entries;
  absl::flat_hash_map<std::pair<const pb::EnumDescriptor*, bool>, std::unique_ptr<EnumPlan>> enums;
  std::deque<std::string> texts;  // they stay where they are
};

// A queue and not a recursion: types can form long chains.
class MessagePlans::Compiler {
 public:
  explicit Compiler(const MessagePlans& plans) : plans_(plans), parts_(*plans.parts_) {}

  const MessagePlan& Compile(const pb::Descriptor& type) {
    const MessagePlan* plan = Request(type);
    while (!waiting_.empty()) {
      const auto [next, its_plan] = waiting_.back();
      waiting_.pop_back();
      Fill(*next, parts_.options.StyleOf(next->full_name()), its_plan);
    }
    return *plan;
  }

 private:
  // The plan, which may still be empty.
  const MessagePlan* Request(const pb::Descriptor& type) {
    std::unique_ptr<MessagePlan>& plan = parts_.plans[type.full_name()];
    if (plan == nullptr) {
      plan = std::make_unique<MessagePlan>();
      plan->full_name = type.full_name();
      waiting_.emplace_back(&type, plan.get());
    }
    return plan.get();
  }

  // An entry is printed by the style of the message that has the map.
  const MessagePlan* EntryPlan(const pb::Descriptor& entry, const JsonStyle& style) {
    MessagePlan* plan = parts_.map_entries.emplace_back(std::make_unique<MessagePlan>()).get();
    plan->full_name = entry.containing_type()->full_name();
    Fill(entry, style, plan);
    // Whether an entry with such a number is dropped, its last value decides.
    for (FieldPlan& field : plan->fields) field.drops_unknown = false;
    AddHints(plan);
    return plan;
  }

  void Fill(const pb::Descriptor& type, const JsonStyle& style, MessagePlan* plan) {
    plan->plans = &plans_;
    plan->form = FormOf(type);
    for (const FieldDescriptor* field : FieldsOf(type)) {
      plan->fields.push_back(PlanOf(*field, style));
      const FieldPlan& added = plan->fields.back();
      if (added.required || added.implicit.size > 0) plan->silent = false;
    }
    AddHints(plan);
    for (int i = 0; i < type.real_oneof_decl_count(); ++i) {
      plan->oneofs.push_back(type.oneof_decl(i)->name());
    }
    for (uint32_t i = 0; i < plan->fields.size(); ++i) {
      const uint32_t number = plan->fields[i].number;
      if (number > std::min<size_t>(kLowNumberMax, 8 * plan->fields.size() + 64)) break;
      plan->low_numbers.resize(number + 1);
      plan->low_numbers[number] = i + 1;
    }
  }

  static void AddHints(MessagePlan* plan) {
    plan->hints.clear();
    for (const FieldPlan& field : plan->fields) {
      plan->hints.push_back({field.tag, !field.drops_unknown && field.oneof < 0});
    }
    plan->hints.resize(plan->fields.size() + 2);
  }

  // By number. What a MessageSet holds is wrapped in groups, which are not looked
  // into.
  std::vector<const FieldDescriptor*> FieldsOf(const pb::Descriptor& type) const {
    std::vector<const FieldDescriptor*> fields;
    if (type.extension_range_count() > 0 && parts_.extensions != nullptr &&
        !type.options().message_set_wire_format()) {
      parts_.extensions->FindAllExtensions(&type, &fields);
    }
    for (int i = 0; i < type.field_count(); ++i) fields.push_back(type.field(i));
    std::sort(fields.begin(), fields.end(),
              [](const auto* a, const auto* b) { return a->number() < b->number(); });
    return fields;
  }

  FieldPlan PlanOf(const FieldDescriptor& field, const JsonStyle& style) {
    FieldPlan plan;
    const auto [kind, wire] = KindOf(field.type());
    plan.number = field.number();
    plan.kind = kind;
    plan.wire = wire;
    plan.repeated = field.is_repeated();
    plan.packable = field.is_packable();
    plan.tag = plan.number << 3 | (field.is_packed() ? wire::kLength : wire);
    plan.map = field.is_map();
    plan.presence = field.has_presence();
    plan.required = field.is_required();
    if (const pb::OneofDescriptor* oneof = field.real_containing_oneof(); oneof != nullptr) {
      plan.oneof = oneof->index();
    }
    plan.full_name = field.full_name();
    if (field.enum_type() != nullptr) {
      plan.enumeration = EnumPlanOf(*field.enum_type(), style.enums_as_numbers);
      plan.drops_unknown = plan.enumeration->closed;
      plan.default_value = static_cast<uint64_t>(int64_t{field.default_value_enum()->number()});
    }
    if (field.message_type() != nullptr) {
      plan.message =
          plan.map ? EntryPlan(*field.message_type(), style) : Request(*field.message_type());
    }
    const std::string key = KeyOf(field, style);
    plan.key = Keep(key);
    if (style.print_implicit_fields && !plan.presence && !field.is_extension()) {
      plan.implicit = Keep(key + ZeroOf(plan));
    }
    return plan;
  }

  static std::string KeyOf(const FieldDescriptor& field, const JsonStyle& style) {
    const std::string name = field.is_extension()      ? absl::StrCat("[", field.full_name(), "]")
                             : style.proto_field_names ? field.name()
                                                       : field.json_name();
    return absl::StrCat(",", JsonQuote(name), ":");
  }

  static std::string ZeroOf(const FieldPlan& field) {
    if (field.map) return "{}";
    if (field.repeated) return "[]";
    switch (field.kind) {
      case FieldKind::kBool:
        return "false";
      case FieldKind::kString:
      case FieldKind::kBytes:
        return "\"\"";
      case FieldKind::kInt64:
      case FieldKind::kUint64:
      case FieldKind::kSint64:
      case FieldKind::kFixed64:
      case FieldKind::kSfixed64:
        return "\"0\"";
      case FieldKind::kEnum: {
        if (field.enumeration->null_value) return "null";
        const BlockText* name = field.enumeration->Find(0);
        if (name == nullptr || field.enumeration->as_numbers) return "0";
        return std::string(name->data, name->size);
      }
      default:
        return "0";
    }
  }

  const EnumPlan* EnumPlanOf(const pb::EnumDescriptor& type, bool as_numbers) {
    std::unique_ptr<EnumPlan>& plan = parts_.enums[std::pair(&type, as_numbers)];
    if (plan != nullptr) return plan.get();
    plan = std::make_unique<EnumPlan>();
    plan->closed = type.file()->syntax() == pb::FileDescriptor::SYNTAX_PROTO2;
    plan->as_numbers = as_numbers;
    plan->null_value = type.full_name() == "google.protobuf.NullValue";
    std::vector<const pb::EnumValueDescriptor*> values;
    for (int i = 0; i < type.value_count(); ++i) values.push_back(type.value(i));
    const auto number_less = [](const auto* a, const auto* b) { return a->number() < b->number(); };
    std::stable_sort(values.begin(), values.end(), number_less);
    const auto alias = [](const auto* a, const auto* b) { return a->number() == b->number(); };
    values.erase(std::unique(values.begin(), values.end(), alias), values.end());
    for (const pb::EnumValueDescriptor* value : values) {
      plan->names.push_back({value->number(), Keep(JsonQuote(value->name()))});
    }
    const auto count = static_cast<int32_t>(plan->names.size());
    while (plan->dense < count && plan->names[plan->dense].number == plan->dense) ++plan->dense;
    return plan.get();
  }

  BlockText Keep(std::string text) {
    const size_t size = text.size();
    text.resize((size / BlockText::kBlock + 1) * BlockText::kBlock);
    return {parts_.texts.emplace_back(std::move(text)).data(), size};
  }

  const MessagePlans& plans_;
  Parts& parts_;
  std::vector<std::pair<const pb::Descriptor*, MessagePlan*>> waiting_;
};

MessagePlans::MessagePlans(const JsonOptions& options, const pb::DescriptorPool* extensions)
    : parts_(std::make_unique<Parts>()) {
  parts_->options = options;
  parts_->extensions = extensions;
}
MessagePlans::~MessagePlans() = default;

const MessagePlan& MessagePlans::PlanFor(const pb::Descriptor& type) {
  return Compiler(*this).Compile(type);
}

const MessagePlan* MessagePlans::Find(std::string_view full_name) const {
  const auto it = parts_->plans.find(AsAbsl(full_name));
  return it == parts_->plans.end() ? nullptr : it->second.get();
}

const JsonOptions& MessagePlans::options() const { return parts_->options; }

}  // namespace sluice

#include "bridge/server/config/request_message.h"

#include <algorithm>
#include <functional>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "bridge/base/text.h"
#include "bridge/route/text_template.h"
#include "bridge/server/config/value_json.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/struct.pb.h"

namespace sluice {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Struct;
using google::protobuf::Value;

// By its name in the .proto file or in JSON.
const FieldDescriptor* FieldNamed(const Descriptor& type, const std::string& name) {
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor& field = *type.field(i);
    if (field.name() == name || field.json_name() == name) return &field;
  }
  return nullptr;
}

std::string FieldsOf(const Descriptor& type) {
  std::vector<std::string> names;
  for (int i = 0; i < type.field_count(); ++i) names.push_back(type.field(i)->name());
  return names.empty() ? "it has none" : "its fields are " + absl::StrJoin(names, ", ");
}

void CheckFields(const Struct& message, const Descriptor& type, const std::string& path,
                 Findings* findings);

// Of the values that a field can hold only those that are messages have names.
void CheckValue(const Value& value, const FieldDescriptor& field, const std::string& path,
                Findings* findings) {
  if (value.has_list_value()) {
    const auto& items = value.list_value().values();
    for (int i = 0; i < items.size(); ++i) {
      CheckValue(items[i], field, absl::StrCat(path, "[", i, "]"), findings);
    }
  } else if (value.has_struct_value() && field.is_map()) {
    for (const auto& [key, entry] : value.struct_value().fields()) {
      CheckValue(entry, *field.message_type()->map_value(), absl::StrCat(path, ".", key), findings);
    }
  } else if (value.has_struct_value() && field.message_type() != nullptr) {
    CheckFields(value.struct_value(), *field.message_type(), path, findings);
  }
}

void CheckFields(const Struct& message, const Descriptor& type, const std::string& path,
                 Findings* findings) {
  // (Those that have a form of their own in JSON.)
  if (absl::StartsWith(type.file()->name(), "google/protobuf/")) return;
  for (const auto& [name, value] : message.fields()) {
    const std::string child = absl::StrCat(path, ".", name);
    if (const FieldDescriptor* field = FieldNamed(type, name); field != nullptr) {
      CheckValue(value, *field, child, findings);
    } else {
      findings->Error(child,
                      absl::StrCat("is no field of ", type.full_name(), "; ", FieldsOf(type)));
    }
  }
}

void ForEachString(const Value& value, const std::string& path,
                   const std::function<void(const std::string&, const std::string&)>& visit) {
  if (value.has_string_value()) {
    visit(value.string_value(), path);
  } else if (value.has_list_value()) {
    const auto& items = value.list_value().values();
    for (int i = 0; i < items.size(); ++i) {
      ForEachString(items[i], absl::StrCat(path, "[", i, "]"), visit);
    }
  } else {
    for (const auto& [key, field] : value.struct_value().fields()) {
      ForEachString(field, absl::StrCat(path, ".", key), visit);
    }
  }
}

// What is wrong with the name; empty: nothing.
std::string FaultOf(std::string_view name, const TemplateNames& names) {
  if (name.starts_with(kQueryPrefix) || name.starts_with(kBodyPrefix)) return "";
  if (name == kSubject) {
    return names.subject ? "" : "a public route asks no authorizer, so it has no {subject}";
  }
  const auto& captures = names.captures;
  if (std::find(captures.begin(), captures.end(), name) != captures.end()) return "";
  return absl::StrCat("names {", AsAbsl(name), "}, which the path does not capture");
}

}  // namespace

std::string BuildRequestMessage(const Value& request, const Descriptor* type,
                                const std::string& path, Findings* findings) {
  if (!request.has_struct_value()) {
    findings->Error(path, "is a message: a map of its fields");
    return "{}";
  }
  if (type != nullptr) CheckFields(request.struct_value(), *type, path, findings);
  return ValueToJson(request);
}

void CheckRequestTemplates(const Value& request, const TemplateNames& names,
                           const std::string& path, Findings* findings) {
  ForEachString(request, path, [&](const std::string& text, const std::string& at) {
    const auto parts = SplitTemplate(text);
    if (!parts.ok()) {
      findings->Error(at, std::string(parts.status().message()));
      return;
    }
    for (const TemplatePart& part : *parts) {
      if (!part.is_name) continue;
      if (const std::string fault = FaultOf(part.text, names); !fault.empty()) {
        findings->Error(at, fault);
      }
    }
  });
}

}  // namespace sluice

#include "bridge/server/config/environment.h"

#include <unistd.h>

#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "bridge/server/config/scalar_field.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "google/protobuf/struct.pb.h"

namespace sluice {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

constexpr char kPrefix[] = "SLUICE_";

// The fields from the message down to one that a variable can set.
using FieldPath = std::vector<const FieldDescriptor*>;

bool IsStringList(const FieldDescriptor& field) {
  return field.is_repeated() && field.cpp_type() == FieldDescriptor::CPPTYPE_STRING;
}

std::string Joined(const FieldPath& path, const char* separator) {
  return absl::StrJoin(path, separator, [](std::string* out, const FieldDescriptor* field) {
    out->append(field->name());
  });
}

void Collect(const Descriptor& descriptor, FieldPath* path,
             std::map<std::string, FieldPath>* variables) {
  for (int i = 0; i < descriptor.field_count(); ++i) {
    const FieldDescriptor& field = *descriptor.field(i);
    path->push_back(&field);
    if (IsScalar(field) || IsStringList(field)) {
      variables->emplace(absl::StrCat(kPrefix, absl::AsciiStrToUpper(Joined(*path, "_"))), *path);
    } else if (!field.is_repeated() &&
               field.message_type() != google::protobuf::Value::descriptor()) {
      Collect(*field.message_type(), path, variables);
    }
    path->pop_back();
  }
}

absl::Status Set(const FieldPath& path, const std::string& text, Message* message) {
  for (size_t i = 0; i + 1 < path.size(); ++i) {
    message = message->GetReflection()->MutableMessage(message, path[i]);
  }
  return IsStringList(*path.back()) ? SetList(SplitList(text), *path.back(), message)
                                    : SetScalar(text, *path.back(), message);
}

}  // namespace

Environment ProcessEnvironment() {
  Environment environment;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string text = *variable;
    const size_t equals = text.find('=');
    if (equals != std::string::npos) environment[text.substr(0, equals)] = text.substr(equals + 1);
  }
  return environment;
}

void ApplyEnvironment(const Environment& environment, Message* message, Findings* findings) {
  std::map<std::string, FieldPath> variables;
  FieldPath root;
  Collect(*message->GetDescriptor(), &root, &variables);
  std::vector<std::string> names;
  for (const auto& [name, path] : variables) names.push_back(name);

  for (const auto& [name, value] : environment) {
    if (!absl::StartsWith(name, kPrefix) || value.empty()) continue;
    const auto variable = variables.find(name);
    if (variable == variables.end()) {
      findings->Warning("", absl::StrCat(name, " sets nothing", DidYouMean(name, names)));
      continue;
    }
    const std::string path = Joined(variable->second, ".");
    findings->Written(path, name);
    const absl::Status set = Set(variable->second, value, message);
    if (!set.ok()) findings->Error(path, std::string(set.message()));
  }
}

}  // namespace sluice

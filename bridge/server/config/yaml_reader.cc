// yaml-cpp keeps no bound on what aliases multiply and throws; both end in this
// file: a document is measured before anything of it is read.
#include "bridge/server/config/yaml_reader.h"

#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "bridge/base/utf8.h"
#include "bridge/server/config/frame_variables.h"
#include "bridge/server/config/scalar_field.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "google/protobuf/struct.pb.h"
#include "yaml-cpp/eventhandler.h"
#include "yaml-cpp/yaml.h"

namespace sluice {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Value;

// Nothing but that there are documents.
class Unheard final : public YAML::EventHandler {
  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
  void OnAlias(const YAML::Mark&, YAML::anchor_t) override {}
  void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t,
                const std::string&) override {}
  void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {}
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {}
  void OnMapEnd() override {}
};

// (LoadAll finds documents without end in some texts, and takes memory for each.)
bool HasSecondDocument(const std::string& text) {
  std::istringstream stream(text);
  YAML::Parser documents(stream);
  Unheard unheard;
  return documents.HandleNextDocument(unheard) && documents.HandleNextDocument(unheard);
}

bool WithinBounds(const YAML::Node& node, int depth, int* nodes) {
  if (depth > kYamlDepthMax || ++*nodes > kYamlNodesMax) return false;
  if (node.IsSequence()) {
    for (const YAML::Node& item : node) {
      if (!WithinBounds(item, depth + 1, nodes)) return false;
    }
  } else if (node.IsMap()) {
    for (const auto& entry : node) {
      if (!WithinBounds(entry.first, depth + 1, nodes)) return false;
      if (!WithinBounds(entry.second, depth + 1, nodes)) return false;
    }
  }
  return true;
}

std::string KindOf(const YAML::Node& node) {
  if (node.IsMap()) return "a map";
  if (node.IsSequence()) return "a list";
  return node.IsNull() ? "nothing" : "a single value";
}

std::vector<std::string> FieldNames(const Descriptor& descriptor) {
  std::vector<std::string> names;
  for (int i = 0; i < descriptor.field_count(); ++i) names.push_back(descriptor.field(i)->name());
  return names;
}

std::string ChildPath(const std::string& path, const std::string& key) {
  return path.empty() ? key : absl::StrCat(path, ".", key);
}

class Reader {
 public:
  Reader(const std::string& file, const Environment& environment, Findings* findings)
      : file_(file), environment_(environment), findings_(findings) {}

  void ReadMessage(const YAML::Node& node, const std::string& path, Message* message) {
    const Descriptor& descriptor = *message->GetDescriptor();
    for (const auto& [key, value] : Entries(node, path)) {
      const std::string child = ChildPath(path, key);
      const FieldDescriptor* field = descriptor.FindFieldByName(key);
      if (field == nullptr) {
        const std::vector<std::string> known = FieldNames(descriptor);
        const std::string hint = DidYouMean(key, known);
        findings_->Error(child,
                         absl::StrCat("unknown key", hint.empty() ? "; the keys here are " : hint,
                                      hint.empty() ? absl::StrJoin(known, ", ") : ""));
      } else if (const FieldDescriptor* rival = Rival(*message, *field); rival != nullptr) {
        findings_->Error(child, absl::StrCat("only one of `", rival->name(), "` and `",
                                             field->name(), "` can be set"));
      } else {
        ReadField(value, child, *field, message);
      }
    }
  }

 private:
  using Entry = std::pair<std::string, YAML::Node>;

  // The entries of a map, each key once.
  std::vector<Entry> Entries(const YAML::Node& node, const std::string& path) {
    std::vector<Entry> entries;
    std::map<std::string, int> lines;
    if (node.IsNull()) return entries;
    if (!node.IsMap()) {
      findings_->Error(path, absl::StrCat("takes a map, not ", KindOf(node)));
      return entries;
    }
    for (const auto& entry : node) {
      if (!entry.first.IsScalar()) {
        findings_->Error(path, absl::StrCat("has ", KindOf(entry.first), " as a key"));
        continue;
      }
      const std::string& key = entry.first.Scalar();
      const std::string child = ChildPath(path, key);
      const int line = entry.first.Mark().line + 1;
      findings_->Written(child, absl::StrCat(file_, ":", line));
      if (const auto [first, is_new] = lines.emplace(key, line); !is_new) {
        findings_->Error(child, absl::StrCat("duplicate key, also on line ", first->second));
      } else {
        entries.emplace_back(key, entry.second);
      }
    }
    return entries;
  }

  // The field of the same oneof that is set already, or null.
  static const FieldDescriptor* Rival(const Message& message, const FieldDescriptor& field) {
    const auto* oneof = field.real_containing_oneof();
    return oneof == nullptr ? nullptr
                            : message.GetReflection()->GetOneofFieldDescriptor(message, oneof);
  }

  void ReadField(const YAML::Node& node, const std::string& path, const FieldDescriptor& field,
                 Message* message) {
    const auto& reflection = *message->GetReflection();
    if (field.is_map()) {
      for (const auto& [key, value] : Entries(node, path)) {
        Message* entry = reflection.AddMessage(message, &field);
        const Descriptor& type = *field.message_type();
        entry->GetReflection()->SetString(entry, type.map_key(), key);
        ReadField(value, ChildPath(path, key), *type.map_value(), entry);
      }
    } else if (field.is_repeated()) {
      ReadList(node, path, field, message);
    } else if (IsScalar(field)) {
      if (const auto text = Scalar(node, path)) {
        Check(path, SetScalar(*text, field, message));
      }
    } else if (Message* child = reflection.MutableMessage(message, &field);
               child->GetDescriptor() == Value::descriptor()) {
      ReadValue(node, path, FrameVariables(field), static_cast<Value*>(child));
    } else if (child->GetDescriptor()->name() == "Values") {  // a list inside a map
      ReadField(node, path, *child->GetDescriptor()->field(0), child);
    } else {
      ReadMessage(node, path, child);
    }
  }

  void ReadList(const YAML::Node& node, const std::string& path, const FieldDescriptor& field,
                Message* message) {
    const bool strings = field.cpp_type() == FieldDescriptor::CPPTYPE_STRING;
    if (node.IsNull()) return;
    if (strings && node.IsScalar()) {
      const auto text = Scalar(node, path);
      if (text) Check(path, SetList(SplitList(*text), field, message));
      return;
    }
    if (!node.IsSequence()) {
      findings_->Error(path, absl::StrCat("takes a list, not ", KindOf(node)));
      return;
    }
    std::vector<std::string> texts;
    for (size_t i = 0; i < node.size(); ++i) {
      const std::string child = absl::StrCat(path, "[", i, "]");
      findings_->Written(child, absl::StrCat(file_, ":", node[i].Mark().line + 1));
      if (!strings) {
        ReadMessage(node[i], child, message->GetReflection()->AddMessage(message, &field));
      } else if (const auto text = Scalar(node[i], child)) {
        texts.push_back(*text);
      }
    }
    if (strings) Check(path, SetList(texts, field, message));
  }

  void ReadValue(const YAML::Node& node, const std::string& path,
                 const std::set<std::string>& later, Value* value) {
    if (node.IsMap()) {
      auto& fields = *value->mutable_struct_value()->mutable_fields();
      for (const auto& [key, child] : Entries(node, path)) {
        ReadValue(child, ChildPath(path, key), later, &fields[key]);
      }
    } else if (node.IsSequence()) {
      value->mutable_list_value();
      for (size_t i = 0; i < node.size(); ++i) {
        ReadValue(node[i], absl::StrCat(path, "[", i, "]"), later,
                  value->mutable_list_value()->add_values());
      }
    } else if (node.IsNull()) {
      value->set_null_value({});
    } else if (const auto text = Scalar(node, path, later)) {
      // A plain word may be a truth value or a number; a quoted one is a string.
      const bool plain = node.Tag() == "?";
      const auto json = plain ? nlohmann::json::parse(*text, nullptr, /*allow_exceptions=*/false)
                              : nlohmann::json();
      if (json.is_boolean()) {
        value->set_bool_value(json.get<bool>());
      } else if (json.is_number()) {
        value->set_number_value(json.get<double>());
      } else {
        value->set_string_value(*text);
      }
    }
  }

  // The text of a single value with the environment filled in.
  std::optional<std::string> Scalar(const YAML::Node& node, const std::string& path,
                                    const std::set<std::string>& later = {}) {
    if (!node.IsScalar()) {
      findings_->Error(path, absl::StrCat("takes a single value, not ", KindOf(node)));
      return std::nullopt;
    }
    auto text = Substitute(node.Scalar(), environment_, later);
    if (text.ok() && !IsUtf8(*text)) text = absl::InvalidArgumentError("is not UTF-8");
    Check(path, text.status());
    return text.ok() ? std::optional(*std::move(text)) : std::nullopt;
  }

  void Check(const std::string& path, const absl::Status& status) {
    if (!status.ok()) findings_->Error(path, std::string(status.message()));
  }

  const std::string& file_;
  const Environment& environment_;
  Findings* findings_;
};

}  // namespace

void ReadYaml(const std::string& text, const std::string& file, const Environment& environment,
              Message* message, Findings* findings) {
  findings->Written("", file);
  if (text.size() > kYamlBytesMax) {
    findings->Error("", absl::StrCat("is larger than ", kYamlBytesMax, " bytes"));
    return;
  }
  try {
    if (HasSecondDocument(text)) {
      findings->Error("", "holds more than one document (\"---\"); one is read");
      return;
    }
    const YAML::Node document = YAML::Load(text);
    if (document.IsNull()) return;
    int nodes = 0;
    if (!WithinBounds(document, 1, &nodes)) {
      findings->Error("", absl::StrCat("holds more than ", kYamlNodesMax, " values or ",
                                       kYamlDepthMax, " levels, with its aliases"));
      return;
    }
    Reader(file, environment, findings).ReadMessage(document, "", message);
  } catch (const YAML::Exception& e) {
    const bool placed = !e.mark.is_null();
    findings->Written("", placed ? absl::StrCat(file, ":", e.mark.line + 1) : file);
    findings->Error("", absl::StrCat("is not YAML: ", e.msg));
  }
}

}  // namespace sluice

#include "bridge/server/config/known_services.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "bridge/base/text.h"
#include "bridge/route/text_template.h"
#include "bridge/server/config/setting_checks.h"
#include "google/protobuf/descriptor.h"

namespace sluice {
namespace {

constexpr char kHowToMakeKnown[] =
    "; name its file in schema.descriptor_sets, or let its backend's reflection tell of it";

// Identifiers with dots between them.
bool IsFullName(absl::string_view text) {
  if (text.size() > kTypeNameBytesMax) return false;
  const std::vector<absl::string_view> parts = absl::StrSplit(text, '.');
  return std::all_of(parts.begin(), parts.end(), [](absl::string_view part) {
    return IsTemplateName({part.data(), part.size()});
  });
}

bool IsMethodName(const std::string& text) {
  const size_t slash = text.find('/');
  return slash != std::string::npos && IsFullName(absl::string_view(text).substr(0, slash)) &&
         IsTemplateName(std::string_view(text).substr(slash + 1));
}

}  // namespace

KnownServices::KnownServices(const std::vector<BackendOptions>& backends, SchemaPtr schema)
    : schema_(std::move(schema)) {
  for (const BackendOptions& backend : backends) {
    backends_.push_back(backend.name);
    reflection_ = reflection_ || backend.reflection;
  }
}

void KnownServices::CheckBackend(const std::string& name, const std::string& path,
                                 Findings* findings) const {
  if (name.empty()) {
    findings->Error(path, "is required: one of `backends`");
  } else if (backends_.empty()) {
    findings->Error(path, absl::StrCat("\"", name, "\" is unknown: there are no `backends`"));
  } else if (std::find(backends_.begin(), backends_.end(), name) == backends_.end()) {
    findings->Error(
        path, absl::StrCat("\"", name, "\" is none of backends: ", absl::StrJoin(backends_, ", ")));
  }
}

const google::protobuf::MethodDescriptor* KnownServices::CheckMethod(const std::string& name,
                                                                     const std::string& path,
                                                                     Findings* findings) const {
  if (name.empty()) {
    findings->Error(path, "is required: \"acme.chat.v1.Assistant/Ask\"");
    return nullptr;
  }
  if (!IsMethodName(name)) {
    findings->Error(path, absl::StrCat("\"", name, "\" is not the name of a method, as ",
                                       "\"acme.chat.v1.Assistant/Ask\" is"));
    return nullptr;
  }
  if (schema_ == nullptr) return nullptr;
  const google::protobuf::MethodDescriptor* method = schema_->FindMethod(name);
  if (method != nullptr && (!method->server_streaming() || method->client_streaming())) {
    findings->Error(path, absl::StrCat(name,
                                       " takes or answers other than it must: one request "
                                       "in, a stream of responses out"));
    return nullptr;
  }
  if (method != nullptr) return method;
  const std::string service = name.substr(0, name.find('/'));
  if (schema_->pool().FindServiceByName(service) != nullptr) {
    findings->Error(path,
                    absl::StrCat(service, " has no such method", StreamingMethodsOf(service)));
  } else if (!reflection_) {
    findings->Error(path, absl::StrCat(name, " is unknown", kHowToMakeKnown));
  }
  return nullptr;
}

std::string KnownServices::StreamingMethodsOf(const std::string& service) const {
  const auto* descriptor = schema_->pool().FindServiceByName(service);
  std::vector<std::string> names;
  for (int i = 0; i < descriptor->method_count(); ++i) {
    const auto& method = *descriptor->method(i);
    if (method.server_streaming() && !method.client_streaming()) names.push_back(method.name());
  }
  return names.empty()
             ? ", nor any other that streams its responses"
             : absl::StrCat("; those that stream their responses are ", absl::StrJoin(names, ", "));
}

void KnownServices::CheckType(const std::string& full_name, const std::string& path,
                              Findings* findings) const {
  if (!IsFullName(full_name)) {
    findings->Error(path, absl::StrCat("\"", full_name, "\" is not the full name of a message ",
                                       "type, as \"acme.chat.v1.Token\" is"));
  } else if (schema_ != nullptr && !reflection_ && schema_->Find(full_name) == nullptr) {
    findings->Error(path, absl::StrCat(full_name, " is unknown", kHowToMakeKnown));
  }
}

void KnownServices::CheckTypes(const std::string& pattern, const std::string& path,
                               Findings* findings) const {
  if (!absl::EndsWith(pattern, ".*")) return CheckType(pattern, path, findings);
  if (!IsFullName(absl::string_view(pattern).substr(0, pattern.size() - 2))) {
    findings->Error(path, absl::StrCat("\"", pattern, "\" is not the name of a package with .*, ",
                                       "as \"acme.chat.v1.*\" is"));
  }
}

}  // namespace sluice

#include "bridge/schema/async_api/route_events.h"

#include <google/protobuf/descriptor.h>

#include <algorithm>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "sluice/v1/annotations.pb.h"

namespace sluice {
namespace {

namespace pb = google::protobuf;

constexpr absl::string_view kAllOf = ".*";

bool IsAnnotated(const pb::Descriptor& type) {
  if (type.options().HasExtension(v1::event)) return true;
  for (int i = 0; i < type.oneof_decl_count(); ++i) {
    if (type.oneof_decl(i)->options().GetExtension(v1::event_of_field)) return true;
  }
  return false;
}

// The top-level messages of what was configured. What backends told of themselves is
// not for everybody.
std::vector<const pb::Descriptor*> TopLevelTypes(const Schema& schema) {
  std::vector<const pb::Descriptor*> types;
  for (const std::string& name : schema.ConfiguredFileNames()) {
    const pb::FileDescriptor& file = *schema.pool().FindFileByName(name);
    for (int i = 0; i < file.message_type_count(); ++i) types.push_back(file.message_type(i));
  }
  return types;
}

std::vector<const pb::Descriptor*> DefaultTypes(const Schema& schema) {
  std::vector<const pb::Descriptor*> types = TopLevelTypes(schema);
  const auto plain = std::stable_partition(
      types.begin(), types.end(), [](const pb::Descriptor* type) { return IsAnnotated(*type); });
  if (plain != types.begin()) types.erase(plain, types.end());
  return types;
}

std::vector<const pb::Descriptor*> NamedTypes(const std::vector<std::string>& names,
                                              const Schema& schema) {
  std::vector<const pb::Descriptor*> types;
  for (const std::string& name : names) {
    if (!absl::EndsWith(name, kAllOf)) {
      if (const MessageType* type = schema.Find(name)) types.push_back(type->descriptor);
      continue;
    }
    const std::string package = name.substr(0, name.size() - kAllOf.size());
    for (const pb::Descriptor* type : TopLevelTypes(schema)) {
      if (type->file()->package() == package) types.push_back(type);
    }
  }
  return types;
}

std::vector<const pb::Descriptor*> TypesOf(const Route& route, const Schema& schema) {
  if (!route.messages.empty()) return NamedTypes(route.messages, schema);
  if (!route.call) return DefaultTypes(schema);
  const pb::MethodDescriptor* method = schema.FindMethod(route.call->method);
  if (method == nullptr) return {};
  return {method->output_type()};
}

}  // namespace

std::vector<RouteEvent> EventsOf(const Route& route, const Schema& schema) {
  std::vector<RouteEvent> events;
  std::set<std::string> known;
  const auto add = [&](RouteEvent event) {
    if (known.insert(event.type).second) events.push_back(std::move(event));
  };
  for (const pb::Descriptor* type : TypesOf(route, schema)) {
    const MessageType* message = schema.Find(type->full_name());
    if (message == nullptr) continue;
    const EventTyping& typing = message->typing;
    if (typing.oneof.empty()) {
      add({typing.type, typing.end_of_stream, type, nullptr});
      continue;
    }
    for (const EventTyping::Member& member : typing.members) {
      add({member.type, member.end_of_stream, type, type->FindFieldByNumber(member.field_number)});
    }
  }
  return events;
}

}  // namespace sluice

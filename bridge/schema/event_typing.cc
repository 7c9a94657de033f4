#include "bridge/schema/event_typing.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "bridge/event/event_fields.h"
#include "sluice/v1/annotations.pb.h"

namespace sluice {
namespace {

namespace pb = google::protobuf;

// Numbers of options are not given out by anybody: another house may use ours for an
// option of its own. Then only files that import ours mean ours.
bool MeansOurs(const pb::FileDescriptor& file, const pb::Descriptor* options,
               const pb::FieldDescriptor& ours) {
  const pb::FieldDescriptor* known = file.pool()->FindExtensionByNumber(options, ours.number());
  if (known == nullptr || known->full_name() == ours.full_name()) return true;
  for (int i = 0; i < file.dependency_count(); ++i) {
    const pb::FileDescriptor& import = *file.dependency(i);
    if (import.package() == ours.file()->package() &&
        import.FindExtensionByName(ours.name()) != nullptr) {
      return true;
    }
  }
  return false;
}

const pb::FieldDescriptor& OurExtension(const char* name) {
  return *pb::DescriptorPool::generated_pool()->FindExtensionByName(name);
}

v1::EventOptions OptionsOf(const pb::Descriptor& type) {
  static const pb::FieldDescriptor& ours = OurExtension("sluice.v1.event");
  if (!type.options().HasExtension(v1::event)) return {};
  if (!MeansOurs(*type.file(), pb::MessageOptions::descriptor(), ours)) return {};
  return type.options().GetExtension(v1::event);
}

bool FieldIsEvent(const pb::OneofDescriptor& oneof) {
  static const pb::FieldDescriptor& ours = OurExtension("sluice.v1.event_of_field");
  return oneof.options().GetExtension(v1::event_of_field) &&
         MeansOurs(*oneof.file(), pb::OneofOptions::descriptor(), ours);
}

EventTyping::Member MemberOf(const pb::FieldDescriptor& field) {
  const pb::Descriptor* inside = field.message_type();
  return {field.number(), field.name(), inside != nullptr && OptionsOf(*inside).end_of_stream()};
}

}  // namespace

absl::StatusOr<EventTyping> EventTypingOf(const pb::Descriptor& type) {
  const auto refuse = [&type](absl::string_view why) {
    return absl::InvalidArgumentError(absl::StrCat(type.full_name(), ": ", why));
  };
  const v1::EventOptions options = OptionsOf(type);
  EventTyping typing;
  typing.type = options.type().empty() ? EventTypeOfMessage(type.full_name()) : options.type();
  typing.end_of_stream = options.end_of_stream();
  if (const absl::Status status = ValidateEventType(options.type()); !status.ok()) {
    return refuse(absl::StrCat("(sluice.v1.event).type ", status.message()));
  }
  for (int i = 0; i < type.real_oneof_decl_count(); ++i) {
    const pb::OneofDescriptor& oneof = *type.oneof_decl(i);
    if (!FieldIsEvent(oneof)) continue;
    if (!typing.oneof.empty()) {
      return refuse("(sluice.v1.event_of_field) stands on more than one oneof");
    }
    typing.oneof = oneof.name();
    for (int j = 0; j < oneof.field_count(); ++j) {
      typing.members.push_back(MemberOf(*oneof.field(j)));
    }
  }
  std::sort(typing.members.begin(), typing.members.end(),
            [](const auto& a, const auto& b) { return a.field_number < b.field_number; });
  return typing;
}

std::string EventTypeOfMessage(std::string_view type_name) {
  const std::string_view name = type_name.substr(type_name.find_last_of("./") + 1);
  const auto is_upper = [&](size_t i) { return i < name.size() && absl::ascii_isupper(name[i]); };
  const auto is_lower = [&](size_t i) { return i < name.size() && absl::ascii_islower(name[i]); };
  std::string type;
  for (size_t i = 0; i < name.size(); ++i) {
    // A word begins after a small letter or a digit, or ends a run of capitals.
    const bool begins =
        i > 0 && is_upper(i) && name[i - 1] != '_' && (!is_upper(i - 1) || is_lower(i + 1));
    if (begins) type += '_';
    type += absl::ascii_tolower(name[i]);
  }
  return type;
}

}  // namespace sluice

#include "tests/fuzz/transcoder/reference_message.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/unknown_field_set.h>

#include <algorithm>
#include <string>
#include <vector>

namespace sluice {
namespace {

namespace pb = google::protobuf;

uint64_t undecided_entries = 0;

using EntryPtr = std::unique_ptr<pb::Message>;

bool KeyLess(const EntryPtr& left, const EntryPtr& right) {
  const pb::Reflection& reflection = *left->GetReflection();
  const pb::FieldDescriptor* key = left->GetDescriptor()->map_key();
  switch (key->cpp_type()) {
    case pb::FieldDescriptor::CPPTYPE_BOOL:
      return reflection.GetBool(*left, key) < reflection.GetBool(*right, key);
    case pb::FieldDescriptor::CPPTYPE_INT32:
      return reflection.GetInt32(*left, key) < reflection.GetInt32(*right, key);
    case pb::FieldDescriptor::CPPTYPE_INT64:
      return reflection.GetInt64(*left, key) < reflection.GetInt64(*right, key);
    case pb::FieldDescriptor::CPPTYPE_UINT32:
      return reflection.GetUInt32(*left, key) < reflection.GetUInt32(*right, key);
    case pb::FieldDescriptor::CPPTYPE_UINT64:
      return reflection.GetUInt64(*left, key) < reflection.GetUInt64(*right, key);
    default:
      return reflection.GetString(*left, key) < reflection.GetString(*right, key);
  }
}

// An entry that has only values which its closed enum does not have is an unknown field as
// a whole.
bool IsUnknownAsAWhole(const pb::Message& entry) {
  if (entry.GetDescriptor()->map_value()->type() != pb::FieldDescriptor::TYPE_ENUM) return false;
  const pb::UnknownFieldSet& unknown = entry.GetReflection()->GetUnknownFields(entry);
  for (int i = 0; i < unknown.field_count(); ++i) {
    if (unknown.field(i).number() == 2 &&
        unknown.field(i).type() == pb::UnknownField::TYPE_VARINT) {
      if (entry.GetReflection()->HasField(entry, entry.GetDescriptor()->map_value())) {
        ++undecided_entries;
      }
      return true;
    }
  }
  return false;
}

void SetMissing(pb::Message* entry) {
  const pb::Reflection& reflection = *entry->GetReflection();
  const pb::FieldDescriptor* value = entry->GetDescriptor()->map_value();
  if (value->cpp_type() == pb::FieldDescriptor::CPPTYPE_MESSAGE) {
    reflection.MutableMessage(entry, value);
  }
}

void MakeRealMap(pb::Message* message, const pb::FieldDescriptor* map) {
  const pb::Reflection& reflection = *message->GetReflection();
  std::vector<EntryPtr> entries;
  while (reflection.FieldSize(*message, map) > 0) {
    entries.emplace_back(reflection.ReleaseLast(message, map));
  }
  std::erase_if(entries, [](const EntryPtr& entry) { return IsUnknownAsAWhole(*entry); });
  std::stable_sort(entries.begin(), entries.end(), KeyLess);
  const auto same_key = [](const EntryPtr& a, const EntryPtr& b) { return !KeyLess(a, b); };
  // The latest came first, and stays.
  entries.erase(std::unique(entries.begin(), entries.end(), same_key), entries.end());
  for (EntryPtr& entry : entries) {
    SetMissing(entry.get());
    reflection.AddAllocatedMessage(message, map, entry.release());
  }
}

void Tidy(pb::Message* message) {
  const pb::Reflection& reflection = *message->GetReflection();
  // (DiscardUnknownFields does not reach what maps hold.)
  reflection.MutableUnknownFields(message)->Clear();
  std::vector<const pb::FieldDescriptor*> fields;
  reflection.ListFields(*message, &fields);
  for (const pb::FieldDescriptor* field : fields) {
    if (field->cpp_type() != pb::FieldDescriptor::CPPTYPE_MESSAGE) continue;
    if (!field->is_repeated()) {
      Tidy(reflection.MutableMessage(message, field));
      continue;
    }
    if (field->is_map()) MakeRealMap(message, field);
    for (int i = 0; i < reflection.FieldSize(*message, field); ++i) {
      Tidy(reflection.MutableRepeatedMessage(message, field, i));
    }
  }
}

}  // namespace

uint64_t UndecidedEntries() { return undecided_entries; }

std::unique_ptr<pb::Message> ReferenceMessage(const pb::Message& prototype,
                                              std::string_view bytes) {
  std::unique_ptr<pb::Message> message(prototype.New());
  pb::io::CodedInputStream in(reinterpret_cast<const uint8_t*>(bytes.data()),
                              static_cast<int>(bytes.size()));
  in.SetRecursionLimit(1000);
  if (!message->ParsePartialFromCodedStream(&in) || !in.ConsumedEntireMessage()) return nullptr;
  Tidy(message.get());
  if (!message->IsInitialized()) return nullptr;
  return message;
}

}  // namespace sluice

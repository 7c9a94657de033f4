#include "bridge/schema/sorted_maps.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

namespace sluice {
namespace {

namespace pb = google::protobuf;

using EntryPtr = std::unique_ptr<pb::Message>;

bool KeyLess(const EntryPtr& left, const EntryPtr& right) {
  const pb::Reflection& reflection = *left->GetReflection();
  const pb::FieldDescriptor* key = left->GetDescriptor()->map_key();
  std::string a;
  std::string b;
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
    default:  // no other type but string can be a key
      return reflection.GetStringReference(*left, key, &a) <
             reflection.GetStringReference(*right, key, &b);
  }
}

void SortEntries(pb::Message* message, const pb::FieldDescriptor* map) {
  const pb::Reflection& reflection = *message->GetReflection();
  std::vector<EntryPtr> entries;
  while (reflection.FieldSize(*message, map) > 0) {
    entries.emplace_back(reflection.ReleaseLast(message, map));
  }
  // Latest first: of equals, the first is kept.
  std::stable_sort(entries.begin(), entries.end(), KeyLess);
  const auto same_key = [](const EntryPtr& a, const EntryPtr& b) { return !KeyLess(a, b); };
  entries.erase(std::unique(entries.begin(), entries.end(), same_key), entries.end());
  for (EntryPtr& entry : entries) {
    reflection.AddAllocatedMessage(message, map, entry.release());
  }
}

}  // namespace

void SortMaps(pb::Message* message) {
  if (message->GetDescriptor()->file()->pool() == pb::DescriptorPool::generated_pool()) return;
  const pb::Reflection& reflection = *message->GetReflection();
  std::vector<const pb::FieldDescriptor*> fields;
  reflection.ListFields(*message, &fields);
  for (const pb::FieldDescriptor* field : fields) {
    if (field->cpp_type() != pb::FieldDescriptor::CPPTYPE_MESSAGE) continue;
    if (!field->is_repeated()) {
      SortMaps(reflection.MutableMessage(message, field));
      continue;
    }
    if (field->is_map()) SortEntries(message, field);
    const int size = reflection.FieldSize(*message, field);
    for (int i = 0; i < size; ++i) {
      SortMaps(reflection.MutableRepeatedMessage(message, field, i));
    }
  }
}

}  // namespace sluice

// What a message plan consists of. Everything that a descriptor or an option decides
// is decided here, so that printing asks neither.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bridge/schema/transcoder/json_writer.h"
#include "bridge/schema/transcoder/wire_reader.h"

namespace sluice {

class MessagePlans;
struct MessagePlan;

enum class FieldKind : uint8_t {
  kDouble,
  kFloat,
  kInt32,
  kInt64,
  kUint32,
  kUint64,
  kSint32,
  kSint64,
  kFixed32,
  kFixed64,
  kSfixed32,
  kSfixed64,
  kBool,
  kEnum,
  kString,
  kBytes,
  kMessage,
  kGroup,
};

struct EnumPlan {
  // Null: `number` has no name.
  const BlockText* Find(int32_t number) const;

  bool closed = false;  // proto2: a number without a name counts as an unknown field
  bool as_numbers = false;
  bool null_value = false;  // google.protobuf.NullValue
  struct Name {
    int32_t number = 0;
    BlockText text;  // with its quotes
  };
  std::vector<Name> names;  // by number, the first of aliases
  // names[i].number is i up to here, which is most enums from end to end.
  int32_t dense = 0;
};

// What printing looks at is in its first cache line.
struct alignas(64) FieldPlan {
  uint32_t number = 0;
  uint32_t tag = 0;                 // as writers write it
  wire::Type wire = wire::kVarint;  // of one value
  FieldKind kind = FieldKind::kInt32;
  bool repeated = false;  // maps too
  bool packable = false;  // so one or many may come, whatever the descriptor says
  bool map = false;
  bool presence = false;
  bool required = false;
  bool drops_unknown = false;  // a number without a name is as if it had not come
  int32_t oneof = -1;          // index in MessagePlan::oneofs

  BlockText key;       // `,"name":`
  BlockText implicit;  // `,"name":0` when it is not set; empty: nothing
  const EnumPlan* enumeration = nullptr;
  // Of a map: of its entries, which have the fields key and value.
  const MessagePlan* message = nullptr;
  // What is left out of a map's entry or of a wrapper is this, as it is on the wire.
  uint64_t default_value = 0;
  std::string full_name;
};

// Which JSON a message type has.
enum class MessageForm : uint8_t {
  kObject,
  kAny,
  kTimestamp,
  kDuration,
  kFieldMask,
  kStruct,
  kValue,
  kListValue,
  kWrapper,
};

struct MessagePlan {
  static constexpr uint32_t kNone = ~uint32_t{0};
  // Index of the field with this number; kNone: unknown.
  uint32_t IndexOf(uint32_t number) const;

  // The set it is of, where the types inside an Any are found.
  const MessagePlans* plans = nullptr;
  std::string full_name;  // of a map's entry: of the message that has the map
  MessageForm form = MessageForm::kObject;
  std::vector<FieldPlan> fields;  // by number
  // Of each field, what finds it in most messages; then two that are never found.
  struct Hint {
    uint32_t tag = 0;
    bool plain = false;  // whatever has the tag is a value of the field, and no oneof's
  };
  std::vector<Hint> hints;
  // Nothing is to be done about a field that does not come.
  bool silent = true;
  std::vector<std::string> oneofs;
  // Index of a field, plus one, by number; only for low numbers.
  std::vector<uint32_t> low_numbers;
};

inline const BlockText* EnumPlan::Find(int32_t number) const {
  if (number >= 0 && number < dense) return &names[number].text;
  size_t low = 0;
  size_t high = names.size();
  while (low < high) {
    const size_t middle = (low + high) / 2;
    if (names[middle].number < number) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low < names.size() && names[low].number == number ? &names[low].text : nullptr;
}

inline uint32_t MessagePlan::IndexOf(uint32_t number) const {
  if (number < low_numbers.size()) return low_numbers[number] - 1;
  size_t low = 0;
  size_t high = fields.size();
  while (low < high) {
    const size_t middle = (low + high) / 2;
    if (fields[middle].number < number) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low < fields.size() && fields[low].number == number ? static_cast<uint32_t>(low) : kNone;
}

}  // namespace sluice

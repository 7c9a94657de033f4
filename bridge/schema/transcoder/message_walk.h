// The walk from wire bytes to JSON, along a message plan.
//
// Each message is walked twice. First its bytes are read once through: what stands
// where (message_scan.cc). Then what was found is put in the order of the fields and
// printed (message_walk.cc, map_json.cc, well_known_json.cc). So it makes no
// difference in which order fields come, which come twice, and in how many pieces a
// message comes: its pieces are scanned as if they were one, which is what protobuf
// calls merging. And no bytes can make the walk go over a message again and again.
//
// Everything on the way lies on stacks that are kept from one message to the next.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "bridge/schema/json_options.h"
#include "bridge/schema/transcoder/json_writer.h"
#include "bridge/schema/transcoder/plan_parts.h"

namespace sluice {

// A value on the wire, of a field that the message has.
struct Occurrence {
  const char* data;  // the bytes; of a number, the place where it stood
  uint64_t value;    // the number, as it is on the wire, or how many bytes
  uint32_t field;    // index in MessagePlan::fields
  wire::Type wire;

  std::string_view bytes() const { return {data, value}; }
};

// From `begin` to before `end`, on the stack of occurrences.
struct Range {
  uint32_t begin = 0;
  uint32_t end = 0;
  bool empty() const { return begin == end; }
};

struct MapEntry {
  // The number in an order of its own, or how the text begins: most differ there.
  uint64_t key = 0;
  const char* text = "";
  uint32_t text_size = 0;
  uint32_t order = 0;
  Range values;
};

struct WalkMemory {
  JsonWriter out;
  std::vector<Occurrence> occurrences;
  std::vector<MapEntry> map_entries;
  std::vector<uint32_t> oneof_members;
  std::string mask_paths;

  void Clear();
};

// For one message. Every step answers false when it failed; status() says why, and
// what was written is no JSON.
class MessageWalk {
 public:
  MessageWalk(const JsonOptions& options, WalkMemory* memory);

  bool Print(const MessagePlan& plan, std::string_view bytes);
  // Only the value of the field that is set of a oneof. `number`: of that field; 0:
  // none is set, and nothing was written.
  bool PrintMemberOf(const MessagePlan& plan, uint32_t oneof, std::string_view bytes,
                     uint32_t* number);

  const absl::Status& status() const { return status_; }

 private:
  // message_scan.cc
  struct ScanState;
  // Puts what the pieces in `pieces` hold on the stack: by field, and within a field
  // as it came.
  bool Scan(const MessagePlan& plan, Range pieces);
  uint32_t Top() const { return static_cast<uint32_t>(occurrences_.size()); }
  bool ScanPiece(const MessagePlan& plan, std::string_view bytes, ScanState* state);
  static bool Take(const FieldPlan& field, wire::Type type, uint64_t value, ScanState* state);
  // A value that another overwrites: parsers look at it all the same.
  bool CheckUnprinted(const FieldPlan& field, const Occurrence& value);
  bool DropOverwrittenMembers(const MessagePlan& plan, uint32_t begin);

  // message_walk.cc. `depth`: of the JSON around what is printed.
  bool PrintMessage(const MessagePlan& plan, Range pieces, uint32_t depth);
  bool PrintForm(const MessagePlan& plan, Range found, uint32_t depth);
  bool PrintFields(const MessagePlan& plan, Range found, uint32_t depth);
  bool PrintAbsent(const MessagePlan& plan, uint32_t from, uint32_t to);
  bool PrintField(const FieldPlan& field, Range found, uint32_t depth);
  bool PrintRepeated(const FieldPlan& field, Range found, uint32_t depth);
  bool PrintArray(const FieldPlan& field, Range found, uint32_t depth);
  bool PrintPacked(const FieldPlan& field, std::string_view bytes);
  // The last of a scalar, all pieces of a message; the default of nothing.
  bool PrintValue(const FieldPlan& field, Range found, uint32_t depth);
  // Of text, what the last value overwrites is looked at all the same: parsers do.
  bool CheckOverwritten(const FieldPlan& field, Range found);
  bool PrintScalar(const FieldPlan& field, const Occurrence& value);
  void PrintEnum(const EnumPlan& type, int32_t number);

  // map_json.cc
  bool PrintMap(const FieldPlan& field, Range found, uint32_t depth);
  bool TakeMapEntry(const MessagePlan& plan, uint32_t at);
  bool PrintMapKey(const FieldPlan& key, const MapEntry& entry);

  // well_known_json.cc
  bool PrintAny(const MessagePlan& plan, Range found, uint32_t depth);
  bool PrintAnyContent(const MessagePlan& type, Range content, uint32_t depth);
  bool PrintTimestamp(Range found);
  bool PrintDuration(Range found);
  bool PrintFieldMask(Range found);
  bool PrintValueKind(const MessagePlan& plan, Range found, uint32_t depth);
  // Null: it did not come.
  const Occurrence* LastOf(Range found, uint32_t field) const;
  uint64_t NumberOf(Range found, uint32_t field) const;

  bool Fail(absl::Status status);
  bool Refuse(std::string_view why);
  bool RefuseBytes(const MessagePlan& plan);
  bool RefuseText(const FieldPlan& field);
  bool CheckDepth(uint32_t depth);
  bool RefuseLength();
  bool CheckLength() { return out_.size() <= bytes_max_ || RefuseLength(); }

  const JsonOptions& options_;
  const size_t bytes_max_;
  JsonWriter& out_;
  WalkMemory& memory_;
  std::vector<Occurrence>& occurrences_;
  absl::Status status_;
};

}  // namespace sluice

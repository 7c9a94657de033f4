// The message types and methods the bridge knows at one moment.
//
// Immutable; thread-safe. What it hands out lives as long as it does: hold the
// SchemaPtr while using it.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "bridge/schema/event_typing.h"
#include "bridge/schema/json_options.h"
#include "bridge/schema/transcoder/message_plan.h"

namespace google::protobuf {
class Descriptor;
class DescriptorPool;
class FileDescriptor;
class FileDescriptorSet;
class MethodDescriptor;
}  // namespace google::protobuf

namespace sluice {

// Names longer than this are not searched for in a pool: protobuf takes the square of
// their length, under a lock that every other search waits for.
inline constexpr size_t kTypeNameBytesMax = 512;

struct MessageType {
  const google::protobuf::Descriptor* descriptor = nullptr;
  const MessagePlan* plan = nullptr;
  EventTyping typing;
};

class Schema {
 public:
  // Files of a FileDescriptorSet, and where they came from: named in errors.
  struct Origin {
    std::string name;  // "/etc/sluice/acme.binpb", "backend analyst"
    std::shared_ptr<const google::protobuf::FileDescriptorSet> files;
    // What cannot be (a clash with another origin, an import that is missing) is left
    // out; else it is an error.
    bool may_lack_files = false;
  };
  // Every import resolved, every annotation checked, every plan made; or
  // INVALID_ARGUMENT names the origin, the file and what is wrong. A file that
  // several origins have is taken from the first. Well-known types and the bridge's
  // own are always known, and nobody's are taken for them. Origins that may lack files
  // come last.
  static absl::StatusOr<std::shared_ptr<const Schema>> Build(const std::vector<Origin>& origins,
                                                             const JsonOptions& options);
  ~Schema();

  // Null: unknown. `full_name` without "type.googleapis.com/". No lock; O(1).
  const MessageType* Find(std::string_view full_name) const;
  // "acme.chat.v1.Assistant/Ask"; null: unknown.
  const google::protobuf::MethodDescriptor* FindMethod(std::string_view name) const;

  // Whether there is a message type or, with a '/', a method of this name.
  bool Knows(std::string_view name) const;

  // For reflection and documents.
  const google::protobuf::DescriptorPool& pool() const;
  // Null: unknown. O(1), and (unlike a search in the pool, whose lower half keeps what
  // it was asked for in vain) without a trace. A symbol is the full name of a message,
  // field, oneof, enum, value, service, method or extension.
  const google::protobuf::FileDescriptor* FindFile(std::string_view name) const;
  const google::protobuf::FileDescriptor* FindFileContaining(std::string_view symbol) const;
  // The files of the origins that may not lack any (so not what backends tell of
  // themselves), without those that the bridge has itself; with source info (comments)
  // where an origin had it.
  std::vector<std::string> ConfiguredFileNames() const;
  // What of an origin was left out, one line for each file.
  const std::map<std::string, std::vector<std::string>>& left_out() const;
  const JsonOptions& options() const;

 private:
  Schema();
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

using SchemaPtr = std::shared_ptr<const Schema>;

}  // namespace sluice

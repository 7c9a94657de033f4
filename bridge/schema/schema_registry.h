// The message types the bridge knows, from FileDescriptorSet files.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace google::protobuf {
class DescriptorPool;
class Descriptor;
class FileDescriptor;
}  // namespace google::protobuf

namespace sluice {

// Names longer than this are not looked up: protobuf's search takes the square
// of their length, under a lock that every other search waits for.
inline constexpr size_t kTypeNameBytesMax = 512;

// Immutable once loaded; thread-safe.
class SchemaRegistry {
 public:
  // Every file is read and every import resolved, or the status names the file
  // and what is wrong with it. Well-known types are always known.
  static absl::StatusOr<std::shared_ptr<const SchemaRegistry>> Load(
      std::span<const std::string> descriptor_set_files);

  ~SchemaRegistry();

  // Null: unknown, or longer than kTypeNameBytesMax. `name` is a full name without
  // "type.googleapis.com/".
  const google::protobuf::Descriptor* Find(std::string_view name) const;
  const google::protobuf::DescriptorPool& pool() const;

 private:
  SchemaRegistry();
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace sluice

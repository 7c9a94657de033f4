// A FileDescriptorSet file (`protoc --include_imports -o FILE`), and whether it has
// changed since it was read.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace google::protobuf {
class FileDescriptorSet;
class Message;
}  // namespace google::protobuf

namespace sluice {

class DescriptorSetFile {
 public:
  explicit DescriptorSetFile(std::string path) : path_(std::move(path)) {}

  const std::string& path() const { return path_; }
  // NOT_FOUND, INVALID_ARGUMENT or RESOURCE_EXHAUSTED (more than 256 MiB) names the
  // file. Either way, only what comes later is a change.
  absl::StatusOr<std::shared_ptr<const google::protobuf::FileDescriptorSet>> Read();
  // Whether it is another one, or was written, since the last Read, and has come to
  // rest: it was the same when this was asked before. (What is half-written may well be
  // a set, of which half is missing.)
  bool Changed();

 private:
  // What tells one state of a file from another.
  struct Stamp {
    uint64_t device = 0;
    uint64_t inode = 0;
    uint64_t bytes = 0;
    int64_t written_unix_ns = 0;
    int64_t changed_unix_ns = 0;
    bool regular = false;
    bool operator==(const Stamp&) const = default;
  };
  Stamp StampNow() const;

  std::string path_;
  Stamp read_;
  Stamp seen_;
};

// A descriptor message (a set, a file) from bytes. Options that extend protobuf's own
// stay bytes in it: which extension a number means only those who use it know.
bool ParseDescriptors(const std::string& bytes, google::protobuf::Message* descriptors);

}  // namespace sluice

// A FileDescriptorSet file (`protoc --include_imports -o FILE`), and whether it has
// changed since it was read.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace google::protobuf {
class FileDescriptorSet;
}

namespace sluice {

class DescriptorSetFile {
 public:
  explicit DescriptorSetFile(std::string path) : path_(std::move(path)) {}

  const std::string& path() const { return path_; }
  // NOT_FOUND or INVALID_ARGUMENT names the file. Either way, only what comes later
  // is a change.
  absl::StatusOr<std::shared_ptr<const google::protobuf::FileDescriptorSet>> Read();
  // Whether it is another one, or was written, since the last Read.
  bool Changed() const;

 private:
  // What tells one state of a file from another.
  struct Stamp {
    uint64_t device = 0;
    uint64_t inode = 0;
    uint64_t bytes = 0;
    int64_t written_unix_ns = 0;
    bool operator==(const Stamp&) const = default;
  };
  Stamp StampNow() const;

  std::string path_;
  Stamp read_;
};

}  // namespace sluice

#include "bridge/schema/descriptor_set_file.h"

#include <google/protobuf/descriptor.pb.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <fstream>

#include "absl/strings/str_cat.h"

namespace sluice {

using google::protobuf::FileDescriptorSet;

absl::StatusOr<std::shared_ptr<const FileDescriptorSet>> DescriptorSetFile::Read() {
  read_ = StampNow();  // first: what is written meanwhile is read again
  std::ifstream in(path_, std::ios::binary);
  if (!in) {
    return absl::NotFoundError(absl::StrCat(path_, ": cannot be read: ", std::strerror(errno)));
  }
  auto set = std::make_shared<FileDescriptorSet>();
  if (!set->ParseFromIstream(&in) || set->file_size() == 0) {
    return absl::InvalidArgumentError(absl::StrCat(
        path_, ": is not a FileDescriptorSet (make it with `protoc --include_imports -o FILE`)"));
  }
  return set;
}

bool DescriptorSetFile::Changed() const { return StampNow() != read_; }

DescriptorSetFile::Stamp DescriptorSetFile::StampNow() const {
  struct stat now {};
  if (stat(path_.c_str(), &now) != 0) return {};
  return {static_cast<uint64_t>(now.st_dev), static_cast<uint64_t>(now.st_ino),
          static_cast<uint64_t>(now.st_size),
          int64_t{now.st_mtim.tv_sec} * 1'000'000'000 + now.st_mtim.tv_nsec};
}

}  // namespace sluice

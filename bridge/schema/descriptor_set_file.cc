#include "bridge/schema/descriptor_set_file.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/io/coded_stream.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

#include "absl/strings/str_cat.h"

namespace sluice {
namespace {

using google::protobuf::FileDescriptorSet;

constexpr uint64_t kBytesMax = 256 << 20;

int64_t UnixNanos(const timespec& time) {
  return int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

}  // namespace

absl::StatusOr<std::shared_ptr<const FileDescriptorSet>> DescriptorSetFile::Read() {
  read_ = seen_ = StampNow();  // first: what is written meanwhile is read again
  const auto unreadable = [this](absl::string_view why) {
    return absl::NotFoundError(absl::StrCat(path_, ": cannot be read: ", why));
  };
  std::ifstream in;
  // (To open a pipe would wait for whoever writes to it.)
  if (read_ == Stamp{} || read_.regular) in.open(path_, std::ios::binary);
  if (!in.is_open()) {
    return unreadable(read_.inode != 0 && !read_.regular ? "it is no regular file"
                                                         : std::strerror(errno));
  }
  if (read_.bytes > kBytesMax) {
    return absl::ResourceExhaustedError(
        absl::StrCat(path_, ": is longer than ", kBytesMax, " bytes"));
  }
  const std::string bytes{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  auto set = std::make_shared<FileDescriptorSet>();
  if (!ParseDescriptors(bytes, set.get()) || set->file_size() == 0) {
    return absl::InvalidArgumentError(absl::StrCat(
        path_, ": is not a FileDescriptorSet (make it with `protoc --include_imports -o FILE`)"));
  }
  return set;
}

bool DescriptorSetFile::Changed() {
  const Stamp now = StampNow();
  const bool at_rest = now == seen_;
  seen_ = now;
  return at_rest && now != read_;
}

DescriptorSetFile::Stamp DescriptorSetFile::StampNow() const {
  struct stat now {};
  if (stat(path_.c_str(), &now) != 0) return {};
  return {static_cast<uint64_t>(now.st_dev),
          static_cast<uint64_t>(now.st_ino),
          static_cast<uint64_t>(now.st_size),
          UnixNanos(now.st_mtim),
          UnixNanos(now.st_ctim),
          S_ISREG(now.st_mode)};
}

bool ParseDescriptors(const std::string& bytes, google::protobuf::Message* descriptors) {
  namespace pb = google::protobuf;
  static const pb::DescriptorPool no_extensions;
  pb::io::CodedInputStream in(reinterpret_cast<const uint8_t*>(bytes.data()),
                              static_cast<int>(bytes.size()));
  in.SetExtensionRegistry(&no_extensions, pb::MessageFactory::generated_factory());
  return descriptors->ParseFromCodedStream(&in) && in.ConsumedEntireMessage();
}

}  // namespace sluice

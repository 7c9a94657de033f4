#include "bridge/base/read_file.h"

#include <cerrno>
#include <fstream>
#include <system_error>

#include "absl/strings/str_cat.h"

namespace sluice {

absl::StatusOr<std::string> ReadFile(const std::string& file, size_t bytes_max) {
  absl::StatusOr<std::string> text = ReadFileStart(file, bytes_max + 1);
  if (text.ok() && text->size() > bytes_max) {
    return absl::ResourceExhaustedError(absl::StrCat("has more than ", bytes_max, " bytes"));
  }
  return text;
}

absl::StatusOr<std::string> ReadFileStart(const std::string& file, size_t bytes_max) {
  errno = 0;
  std::ifstream stream(file, std::ios::binary);
  std::string text(bytes_max, '\0');
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  // (A directory can be opened, but not read.)
  if (!stream.is_open() || stream.bad()) {
    const std::string why = std::generic_category().message(errno != 0 ? errno : EIO);
    return absl::NotFoundError(absl::StrCat("cannot be read: ", why));
  }
  text.resize(static_cast<size_t>(stream.gcount()));
  return text;
}

}  // namespace sluice

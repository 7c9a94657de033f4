#include "bridge/event_log/rocksdb/info_log.h"

#include <array>
#include <cstdarg>
#include <cstdio>
#include <string_view>

#include "bridge/base/log.h"

namespace sluice::rocksdb_log {
namespace {

constexpr size_t kLineBytesMax = 1024;

class InfoLog final : public rocksdb::Logger {
 public:
  InfoLog() : Logger(rocksdb::WARN_LEVEL) {}

  using Logger::Logv;
  void Logv(rocksdb::InfoLogLevel level, const char* format, va_list values) override {
    if (level < rocksdb::WARN_LEVEL || level == rocksdb::HEADER_LEVEL) return;
    std::array<char, kLineBytesMax> line;
    const int wanted = std::vsnprintf(line.data(), line.size(), format, values);
    if (wanted < 0) return;
    std::string_view text(line.data());
    while (text.ends_with('\n')) text.remove_suffix(1);
    log::Write(level == rocksdb::WARN_LEVEL ? log::Level::kWarning : log::Level::kError, "rocksdb",
               {{"line", text}});
  }
  // Without a level: of no matter.
  void Logv(const char*, va_list) override {}
};

}  // namespace

std::shared_ptr<rocksdb::Logger> MakeInfoLog() { return std::make_shared<InfoLog>(); }

}  // namespace sluice::rocksdb_log

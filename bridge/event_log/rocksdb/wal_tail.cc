// Reads RocksDB's log format (log_format.h there): blocks of 32 KiB, of records with a checksum
// each, of which a write takes one ("full") or several ("first", "middle", "last").
#include "bridge/event_log/rocksdb/wal_tail.h"

#include <algorithm>
#include <boost/crc.hpp>
#include <filesystem>
#include <fstream>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"

namespace sluice::rocksdb_log {
namespace {

namespace fs = std::filesystem;

constexpr size_t kBlockBytes = 32'768;
constexpr size_t kHeaderBytes = 7;  // checksum, length, kind
constexpr size_t kSequenceBytes = 8;
constexpr unsigned kFull = 1;
constexpr unsigned kFirst = 2;
constexpr unsigned kKindMax = 4;

using Crc32c = boost::crc_optimal<32, 0x1EDC6F41, 0xFFFFFFFF, 0xFFFFFFFF, true, true>;

struct Record {
  unsigned kind = 0;      // 0: none that can be read
  size_t bytes = 0;       // with its header
  uint64_t sequence = 0;  // of the write that begins in it; 0: none does
};

uint32_t Byte(std::string_view text, size_t at) { return static_cast<unsigned char>(text[at]); }

// At the beginning of what is left of a block.
Record ParseRecord(std::string_view left) {
  if (left.size() < kHeaderBytes) return {};
  const size_t length = Byte(left, 4) | Byte(left, 5) << 8;
  const unsigned kind = Byte(left, 6);
  if (kind == 0 || kind > kKindMax || kHeaderBytes + length > left.size()) return {};
  Crc32c crc;
  crc.process_bytes(left.data() + 6, 1 + length);
  const uint32_t sum = crc.checksum();
  const uint32_t masked = ((sum >> 15) | (sum << 17)) + 0xa282ead8U;
  const uint32_t stored =
      Byte(left, 0) | Byte(left, 1) << 8 | Byte(left, 2) << 16 | Byte(left, 3) << 24;
  if (stored != masked) return {};
  Record record{kind, kHeaderBytes + length};
  if ((kind == kFull || kind == kFirst) && length >= kSequenceBytes) {
    for (size_t i = kSequenceBytes; i > 0; --i) {
      record.sequence = record.sequence << 8 | Byte(left, kHeaderBytes + i - 1);
    }
  }
  return record;
}

class TailSearch {
 public:
  // True: a write begins behind what cannot be read.
  bool FindsMoreIn(std::string_view block) {
    while (!broken_ && !block.empty()) {
      const Record record = ParseRecord(block);
      if (record.kind > 0) {
        sequence_ = std::max(sequence_, record.sequence);
        block.remove_prefix(record.bytes);
      } else if (block.size() < kHeaderBytes && IsPadding(block)) {
        return false;
      } else {
        broken_ = true;
        block.remove_prefix(1);
      }
    }
    return broken_ && HoldsALaterWrite(block);
  }

 private:
  static bool IsPadding(std::string_view rest) {
    return std::all_of(rest.begin(), rest.end(), [](char byte) { return byte == '\0'; });
  }
  // (What stood on the disk before may be older writes.)
  bool HoldsALaterWrite(std::string_view block) const {
    for (; !block.empty(); block.remove_prefix(1)) {
      if (ParseRecord(block).sequence > sequence_) return true;
    }
    return false;
  }

  bool broken_ = false;
  uint64_t sequence_ = 0;  // of the last write in front of what is broken
};

}  // namespace

absl::StatusOr<bool> OnlyTheLastWriteIsTorn(const std::string& folder) {
  std::error_code error;
  std::vector<fs::path> logs;
  for (const fs::directory_entry& file : fs::directory_iterator(folder, error)) {
    if (file.path().extension() == ".log") logs.push_back(file.path());
  }
  // (Their names are numbers of equal length, rising.)
  std::sort(logs.begin(), logs.end());
  TailSearch search;
  std::vector<char> block(kBlockBytes);
  for (const fs::path& path : logs) {
    std::ifstream file(path, std::ios::binary);
    while (file.good()) {
      file.read(block.data(), static_cast<std::streamsize>(block.size()));
      if (search.FindsMoreIn({block.data(), static_cast<size_t>(file.gcount())})) return false;
    }
    if (!file.eof()) return absl::UnavailableError(absl::StrCat(path.string(), " cannot be read"));
  }
  return true;
}

}  // namespace sluice::rocksdb_log

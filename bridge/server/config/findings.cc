#include "bridge/server/config/findings.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "absl/strings/str_cat.h"
#include "bridge/base/utf8.h"

namespace sluice {
namespace {

constexpr size_t kFindingsMax = 50;
constexpr size_t kNameBytesMax = 64;

// Levenshtein's: insertions, deletions and substitutions.
size_t Distance(const std::string& a, const std::string& b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = std::exchange(row[0], i);
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t substituted = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = std::exchange(row[j], std::min({row[j] + 1, row[j - 1] + 1, substituted}));
    }
  }
  return row.back();
}

// A finding is one line, and tells a terminal nothing, whatever keys and values are in it.
std::string Printable(std::string_view text) {
  std::string printable;
  while (!text.empty()) {
    const size_t bytes = Utf8SequenceLength(text);
    const std::string_view next = text.substr(0, std::max<size_t>(bytes, 1));
    if (bytes > 0 && !HasControlCharacter(next)) {
      printable += next;
    } else {
      for (const char c : next)
        absl::StrAppend(&printable, "\\x", absl::Hex(uint8_t(c), absl::kZeroPad2));
    }
    text.remove_prefix(next.size());
  }
  return printable;
}

void Keep(std::string_view finding, std::vector<std::string>* findings) {
  if (findings->size() == kFindingsMax) finding = "(there is more)";
  if (findings->size() <= kFindingsMax) findings->push_back(Printable(finding));
}

}  // namespace

void Findings::Written(const std::string& path, std::string place) {
  places_[path] = std::move(place);
}

void Findings::Error(const std::string& path, const std::string& what) {
  Keep(Located(path, what), &errors_);
}

void Findings::Warning(const std::string& path, const std::string& what) {
  Keep(Located(path, what), &warnings_);
}

std::string Findings::Located(std::string path, const std::string& what) const {
  std::string fault = path.empty() ? what : absl::StrCat(path, ": ", what);
  for (;;) {
    if (const auto place = places_.find(path); place != places_.end()) {
      return absl::StrCat(place->second, ": ", fault);
    }
    if (path.empty()) return fault;
    const size_t end = path.find_last_of(".[");
    path.resize(end == std::string::npos ? 0 : end);
  }
}

std::string DidYouMean(const std::string& name, const std::vector<std::string>& known) {
  if (name.size() > kNameBytesMax) return "";
  const std::string* nearest = nullptr;
  size_t distance = std::max<size_t>(2, name.size() / 3) + 1;
  for (const std::string& candidate : known) {
    if (const size_t d = Distance(name, candidate); d < distance) {
      nearest = &candidate;
      distance = d;
    }
  }
  return nearest == nullptr ? "" : absl::StrCat("; did you mean `", *nearest, "`?");
}

}  // namespace sluice

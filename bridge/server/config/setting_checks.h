// Checks that many settings share.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "bridge/server/config/findings.h"

namespace google::protobuf {
class Duration;
}

namespace sluice {

// A duration of more than nothing; unset: `out` stays.
void SetTime(bool is_set, const google::protobuf::Duration& duration, const std::string& path,
             absl::Duration* out, Findings* findings);

template <typename T>
void SetNumber(bool is_set, uint64_t number, const std::string& path, T* out, Findings* findings,
               uint64_t max = UINT64_MAX) {
  if (!is_set) return;
  *out = static_cast<T>(number);
  if (number == 0) findings->Error(path, "is 1 or more");
  if (number > max) findings->Error(path, absl::StrCat("is at most ", max));
}

// "\"x\" is none of: a, b".
std::string NoneOf(const std::string& word, const std::vector<std::string>& known);

// One of a few words; unset: `out` stays.
template <typename T>
void SetWord(const std::string& word, const std::string& path,
             std::initializer_list<std::pair<const char*, T>> words, T* out, Findings* findings) {
  if (word.empty()) return;
  std::vector<std::string> known;
  for (const auto& [name, value] : words) {
    if (word == name) {
      *out = value;
      return;
    }
    known.emplace_back(name);
  }
  findings->Error(path, NoneOf(word, known));
}

}  // namespace sluice

#include "bridge/event_log/rocksdb/keys.h"

#include "absl/strings/str_cat.h"

namespace sluice::rocksdb_log {
namespace {

constexpr char kEnd = '\0';
constexpr char kAfterEnd = '\1';

void AppendOffset(Offset offset, std::string* key) {
  for (int shift = 56; shift >= 0; shift -= 8) key->push_back(static_cast<char>(offset >> shift));
}

}  // namespace

std::string OffsetKey(Offset offset) {
  std::string key;
  AppendOffset(offset, &key);
  return key;
}

std::optional<Offset> ParseOffsetKey(std::string_view key) {
  if (key.size() != kOffsetBytes) return std::nullopt;
  Offset offset = 0;
  for (const char byte : key) offset = offset << 8 | static_cast<unsigned char>(byte);
  return offset;
}

std::optional<Offset> OffsetAtEnd(std::string_view key) {
  if (key.size() < kOffsetBytes) return std::nullopt;
  return ParseOffsetKey(key.substr(key.size() - kOffsetBytes));
}

std::string EventKey(std::string_view topic, Offset offset) {
  std::string key(topic);
  key.push_back(kEnd);
  AppendOffset(offset, &key);
  return key;
}

std::string EventKeyEnd(std::string_view topic) {
  std::string key(topic);
  key.push_back(kAfterEnd);
  return key;
}

std::string PublisherIdKey(std::string_view topic, std::string_view id, Offset offset) {
  std::string key(topic);
  key.push_back(kEnd);
  key.append(id).push_back(kEnd);
  AppendOffset(offset, &key);
  return key;
}

std::string PublisherIdKeyEnd(std::string_view topic, std::string_view id) {
  std::string key(topic);
  key.push_back(kEnd);
  key.append(id).push_back(kAfterEnd);
  return key;
}

std::string DeduplicationKey(std::string_view principal, std::string_view topic,
                             std::string_view id) {
  // Lengths in front: what stands in a principal is not ours to say.
  std::string key = absl::StrCat(principal.size(), ":", topic.size(), ":");
  key.append(principal).append(topic).append(id);
  return key;
}

}  // namespace sluice::rocksdb_log

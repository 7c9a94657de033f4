#include "bridge/event_log/jetstream/seen_ids.h"

#include <openssl/sha.h>

#include <random>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "bridge/base/text.h"

namespace sluice {
namespace {

constexpr size_t kDigestBytes = 16;

std::string HexDigest(const std::string& text) {
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest);
  return absl::BytesToHexString({reinterpret_cast<const char*>(digest), kDigestBytes});
}

}  // namespace

std::string MessageIdOf(std::string_view principal, std::string_view topic, std::string_view id) {
  // Lengths in front: no two triples make the same text.
  std::string text = absl::StrCat(principal.size(), ":", topic.size(), ":");
  text.append(principal).append(topic).append(id);
  return HexDigest(text);
}

std::string PublisherIdDigest(std::string_view id) { return HexDigest(std::string(id)); }

std::string RandomMessageId() {
  thread_local std::mt19937_64 random = [] {
    std::random_device device;
    std::seed_seq seed{device(), device(), device(), device(), device(), device()};
    return std::mt19937_64(seed);
  }();
  return absl::StrCat("own-", absl::Hex(random(), absl::kZeroPad16),
                      absl::Hex(random(), absl::kZeroPad16));
}

const SeenIds::Seen* SeenIds::Find(const std::string& message_id, absl::Time now) {
  while (!aging_.empty() && aging_.front().expires_at < now) {
    seen_.erase(aging_.front().message_id);
    aging_.pop_front();
  }
  const auto found = seen_.find(message_id);
  return found == seen_.end() ? nullptr : &found->second;
}

void SeenIds::Add(std::string message_id, const Seen& seen, absl::Time stored_at) {
  aging_.push_back({stored_at + window_, message_id});
  seen_.insert_or_assign(std::move(message_id), seen);
  while (aging_.size() > ids_max_) {
    seen_.erase(aging_.front().message_id);
    aging_.pop_front();
  }
}

void SeenIds::Clear() {
  seen_.clear();
  aging_.clear();
}

}  // namespace sluice

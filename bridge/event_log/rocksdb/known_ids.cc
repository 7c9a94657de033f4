#include "bridge/event_log/rocksdb/known_ids.h"

#include <algorithm>
#include <memory>

#include "bridge/event_log/rocksdb/keys.h"

namespace sluice::rocksdb_log {

using event_log::v1::KnownId;

absl::StatusOr<const KnownId*> KnownIds::Find(const std::string& key, absl::Time now,
                                              StagedBatch& batch) const {
  const auto known = batch.FindKnownId(key);
  if (!known.ok() || *known == nullptr) return known;
  return Expired(absl::FromUnixMillis((*known)->stored_at_unix_ms()), now) ? nullptr : *known;
}

void KnownIds::Add(const std::string& key, KnownId known, absl::Time now, StagedBatch& batch) {
  event_log::v1::LogState& state = batch.state();
  known.set_stored_at_unix_ms(absl::ToUnixMillis(now));
  known.set_age(state.next_age());
  batch.Put(Family::kIdAges, OffsetKey(known.age()), key);
  batch.PutKnownId(key, known);
  state.set_next_age(state.next_age() + 1);
  state.set_publisher_ids(state.publisher_ids() + 1);
}

absl::Status KnownIds::Age(const Store& store, absl::Time now, size_t forget_max,
                           StagedBatch& batch) {
  event_log::v1::LogState& state = batch.state();
  const auto too_many = [&] { return state.publisher_ids() > ids_max_; };
  if (oldest_ && !too_many() && !Expired(oldest_->stored_at, now)) return absl::OkStatus();

  const std::unique_ptr<rocksdb::Iterator> ages(
      store.db().NewIterator({}, store.family(Family::kIdAges)));
  // (From where we were: what was forgotten lies in front of it and would be stepped over.)
  const uint64_t begin = oldest_ ? oldest_->age : state.first_age();
  uint64_t behind_last = begin;
  for (ages->Seek(OffsetKey(begin)); ages->Valid(); ages->Next()) {
    const std::optional<Offset> age = ParseOffsetKey(ages->key().ToStringView());
    const std::string key = ages->value().ToString();
    const auto known = batch.FindKnownId(key);
    const bool readable = age && known.status().code() != absl::StatusCode::kDataLoss;
    if (readable && !known.ok()) return known.status();
    // (An id that was used again after its window ages anew.)
    const bool current = readable && *known != nullptr && (*known)->age() == *age;
    if (current) {
      oldest_ = Oldest{*age, absl::FromUnixMillis((*known)->stored_at_unix_ms())};
      if (!too_many() && !Expired(oldest_->stored_at, now)) break;
    }
    if (forget_max-- == 0) break;
    behind_last = age.value_or(behind_last) + 1;
    if (current || !readable) batch.Delete(Family::kKnownIds, key);
    batch.Delete(Family::kIdAges, ages->key().ToStringView());
    state.set_publisher_ids(state.publisher_ids() - std::min<uint64_t>(state.publisher_ids(), 1));
  }
  // (An iterator that has failed is not valid either, and knows nothing of what comes.)
  if (!ages->status().ok()) return FromRocksdb(ages->status());
  // What comes from now on is younger than this.
  if (!ages->Valid()) oldest_ = Oldest{behind_last, now};
  if (oldest_) state.set_first_age(oldest_->age);
  return absl::OkStatus();
}

}  // namespace sluice::rocksdb_log

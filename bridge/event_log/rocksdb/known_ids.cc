#include "bridge/event_log/rocksdb/known_ids.h"

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
  for (ages->Seek(OffsetKey(oldest_ ? oldest_->age : 0)); ages->Valid(); ages->Next()) {
    const std::optional<Offset> age = ParseOffsetKey(ages->key().ToStringView());
    if (!age) return CannotBeRead("a publisher's id");
    const std::string key = ages->value().ToString();
    const auto known = batch.FindKnownId(key);
    if (!known.ok()) return known.status();
    // (An id that was used again after its window ages anew.)
    const bool current = *known != nullptr && (*known)->age() == *age;
    if (current) {
      oldest_ = Oldest{*age, absl::FromUnixMillis((*known)->stored_at_unix_ms())};
      if (!too_many() && !Expired(oldest_->stored_at, now)) break;
    }
    if (forget_max-- == 0) break;
    if (current) batch.Delete(Family::kKnownIds, key);
    batch.Delete(Family::kIdAges, ages->key().ToStringView());
    state.set_publisher_ids(state.publisher_ids() - 1);
  }
  // (What comes from now on is younger than this.)
  if (!ages->Valid()) oldest_ = Oldest{oldest_ ? oldest_->age : 0, now};
  return FromRocksdb(ages->status());
}

}  // namespace sluice::rocksdb_log

#include "bridge/event_log/rocksdb/offsets.h"

#include <algorithm>
#include <utility>

#include "bridge/event_log/rocksdb/keys.h"

namespace sluice::rocksdb_log {

using event_log::v1::Holes;
using event_log::v1::LogState;

namespace {

constexpr Offset kReserve = 65'536;
constexpr int kHolesMax = 1000;

rocksdb::Slice AsSlice(std::string_view text) { return {text.data(), text.size()}; }

void AddHole(Offset first, Offset last, Holes* holes) {
  Holes::Hole* hole = holes->add_holes();
  hole->set_first(first);
  hole->set_last(last);
  if (holes->holes_size() <= kHolesMax) return;
  // What lies between the two oldest tells a gap from now on where there was none: never the
  // other way round.
  holes->mutable_holes(1)->set_first(holes->holes(0).first());
  holes->mutable_holes()->DeleteSubrange(0, 1);
}

}  // namespace

Offset SkipHole(const Holes& holes, Offset offset) {
  const auto& all = holes.holes();
  const auto hole =
      std::find_if(all.begin(), all.end(), [&](const auto& one) { return offset <= one.last(); });
  return hole != all.end() && offset >= hole->first() ? hole->last() + 1 : offset;
}

absl::Status Offsets::Resume(Store& store, LogState* state) {
  const auto reserved = store.Get(Family::kMeta, kReservedThrough);
  const auto stored = store.GetMessage<Holes>(Family::kMeta, kHoles);
  if (!reserved.ok()) return reserved.status();
  if (!stored.ok()) return stored.status();
  Holes holes = stored->value_or(Holes());
  const Offset reserved_through = ParseOffsetKey(reserved->value_or("")).value_or(0);
  if (reserved_through > state->head()) {
    AddHole(state->head() + 1, reserved_through, &holes);
    state->set_head(reserved_through + 1);
    rocksdb::WriteBatch batch;
    rocksdb::ColumnFamilyHandle* meta = store.family(Family::kMeta);
    batch.Put(meta, AsSlice(kHoles), holes.SerializeAsString());
    batch.Put(meta, AsSlice(kState), state->SerializeAsString());
    const absl::Status written = store.Write(&batch, true);
    if (!written.ok()) return written;
  }
  holes_ = std::make_shared<const Holes>(std::move(holes));
  given_through_ = std::max(given_through_, state->head());
  reserved_through_ = reserving_through_ = reserved_through;
  return absl::OkStatus();
}

bool Offsets::Reserve(const Store& store, rocksdb::WriteBatch* batch) {
  if (given_through_ <= reserved_through_) return false;
  reserving_through_ = given_through_ + kReserve;
  batch->Put(store.family(Family::kMeta), AsSlice(kReservedThrough), OffsetKey(reserving_through_));
  return true;
}

absl::Status Offsets::Close(Store& store) {
  if (reserved_through_ == 0) return absl::OkStatus();
  rocksdb::WriteBatch batch;
  batch.Put(store.family(Family::kMeta), AsSlice(kReservedThrough), OffsetKey(0));
  return store.Write(&batch, true);
}

}  // namespace sluice::rocksdb_log

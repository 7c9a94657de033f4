#include "bridge/event/masked_views.h"

#include <map>
#include <memory>
#include <string>
#include <utility>

#include "bridge/base/mutex.h"

namespace sluice {
namespace {

// The views that somebody holds. The last to let go of one takes it out of here, so
// there are never more of them than subscribers.
class Table {
 public:
  FrameViewPtr Find(const FrameViewPtr& base, const FieldMasksPtr& masks) {
    const MutexLock lock(&mutex_);
    const auto [entry, added] = made_.try_emplace(Key(base, masks->key()));
    if (FrameViewPtr view = entry->second.lock()) return view;
    auto masked = std::make_unique<FrameView>(base == nullptr ? FrameView() : *base);
    masked->masks = masks;
    // Holds on to its base: another view at the same address would be taken for it.
    FrameViewPtr view(masked.release(), [this, base](const FrameView* gone) {
      Forget(base, gone->masks->key());
      delete gone;
    });
    entry->second = view;
    return view;
  }

 private:
  using Key = std::pair<FrameViewPtr, std::string>;

  void Forget(const FrameViewPtr& base, const std::string& masks) {
    const MutexLock lock(&mutex_);
    const auto entry = made_.find(Key(base, masks));
    // (It may have been made anew meanwhile.)
    if (entry != made_.end() && entry->second.expired()) made_.erase(entry);
  }

  Mutex mutex_;
  std::map<Key, std::weak_ptr<const FrameView>> made_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace

FrameViewPtr MaskedView(const FrameViewPtr& base, const FieldMasksPtr& masks) {
  if (masks == nullptr) return base;
  // Never destroyed: a view may be let go of when the process ends.
  static Table& table = *new Table;
  return table.Find(base, masks);
}

}  // namespace sluice

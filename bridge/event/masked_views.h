// Views with masks laid over them. Views are compared by address, and many subscribers
// have the same masks: they must have the same view, so that they share its frames.
#pragma once

#include "bridge/event/field_masks.h"
#include "bridge/event/frame_view.h"

namespace sluice {

// `base` (null: the default view) with `masks` (null: `base` itself). For as long as
// somebody holds it, equal masks over one base make the same view. Thread-safe.
FrameViewPtr MaskedView(const FrameViewPtr& base, const FieldMasksPtr& masks);

}  // namespace sluice

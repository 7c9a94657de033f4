// What is left of events' payloads for somebody who may not see everything.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace sluice {

class FieldMasks;
// Null: everything is left.
using FieldMasksPtr = std::shared_ptr<const FieldMasks>;

// Never changed once made.
class FieldMasks {
 public:
  struct Mask {
    std::string event_type;          // kEveryType ("*"): those that have no mask of their own
    std::vector<std::string> paths;  // "id", "author.name", as the JSON has them
  };

  // INVALID_ARGUMENT: a type twice, a path that is none, or too many of them. Null: no masks.
  static absl::StatusOr<FieldMasksPtr> Make(std::vector<Mask> masks);
  // What both leave. Either may be null.
  static FieldMasksPtr Both(const FieldMasksPtr& one, const FieldMasksPtr& other);

  ~FieldMasks();

  // Whether payloads of events of this type lose anything.
  bool Hides(std::string_view event_type) const;
  // What is left of a payload, compact JSON, in its order. Of what is no object: {}.
  // A list of objects inside of it is masked entry by entry.
  std::string Apply(std::string_view event_type, std::string_view json) const;

  // The same for equal masks, and for no others.
  const std::string& key() const { return key_; }

 private:
  struct Tree;
  FieldMasks();

  std::string key_;
  std::unique_ptr<Tree> tree_;
};

}  // namespace sluice

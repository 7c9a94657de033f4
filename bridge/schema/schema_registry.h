// Which schema is current: it changes when a descriptor set file changes, or a
// backend tells of types that were unknown.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "bridge/base/clock.h"
#include "bridge/schema/schema.h"

namespace sluice {

// Thread-safe.
class SchemaRegistry {
 public:
  // Reads the files; the first fault is the status, naming the file. The clock
  // outlives the registry.
  static absl::StatusOr<std::shared_ptr<SchemaRegistry>> Load(
      const std::vector<std::string>& descriptor_set_files, const JsonOptions& options,
      const Clock& clock = Clock::System());
  ~SchemaRegistry();

  SchemaPtr current() const;
  const JsonOptions& options() const;

  // Replaces what `origin` had offered before. What of it clashes with the descriptor
  // set files, or with an origin whose name comes first, or lacks an import, is left
  // out and logged; the rest is known. INVALID_ARGUMENT says what was left out. Blocks
  // for as long as building takes.
  absl::Status Offer(std::string origin,
                     std::shared_ptr<const google::protobuf::FileDescriptorSet> files);

  // Reads again those of the files that have changed since (by time, size or identity)
  // and were the same at the last call. Several that fit only together change
  // together. What is wrong with one is logged, once for each change, and what it held
  // before is kept. Blocks for as long as reading and building takes.
  void ReloadChangedFiles();

  // Whoever can find unknown types (the backends' reflection): asked by LookUp.
  // Calls its `done` once, on any thread, after what it found was offered. Null: nobody.
  using Finder = std::function<void(std::string type_name, std::function<void()> done)>;
  void SetFinder(Finder finder);
  // `done(true)`: the type is known now. Not found is remembered for a few seconds, or
  // until anything new is known, and only so many are looked for at once, or known not
  // to be found: past that `done(false)` comes at once. Any thread, possibly before it
  // returns. The registry outlives the finder's answers.
  void LookUp(std::string type_name, std::function<void(bool found)> done);

 private:
  SchemaRegistry();
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace sluice

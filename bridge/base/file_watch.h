// Looks after files: says when they have changed.
#pragma once

#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "absl/time/time.h"

namespace sluice {

class FileWatch {
 public:
  // `changed` is called on a thread of the watch's own, once for what changed together:
  // when two looks in a row have seen the same, which is not what there was before.
  FileWatch(std::vector<std::string> files, std::function<void()> changed,
            absl::Duration interval = absl::Milliseconds(500));
  // Ends it, waiting for a call that is under way.
  ~FileWatch() = default;

 private:
  std::jthread thread_;
};

}  // namespace sluice

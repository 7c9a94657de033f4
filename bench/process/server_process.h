// A server under measurement: a child process, on a core of its own or anywhere.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"

namespace sluice::bench {

class ServerProcess {
 public:
  explicit ServerProcess(const std::vector<std::string>& command, std::optional<int> core = {});
  // Asks it to end, and waits.
  ~ServerProcess();
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;

  // Of all its threads, user and system, in nanoseconds' resolution.
  absl::Duration CpuTime() const;
  // Memory that is its own and no file's: what its subscribers cost it.
  int64_t AnonymousBytes() const;
  bool Runs() const;

 private:
  pid_t pid_;
};

// The same of this process.
int64_t OwnAnonymousBytes();

// For this process and the threads it makes from now on.
void PinToCore(int core);

}  // namespace sluice::bench

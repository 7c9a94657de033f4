// What the bridge asks of the operating system.
#pragma once

#include "absl/time/time.h"

namespace sluice {

// Before any thread is started: blocks SIGTERM and SIGINT, which threads
// inherit, ignores SIGPIPE, and raises the limit on open files to what is
// allowed.
void PrepareProcess();

// Waits for SIGTERM or SIGINT; answers its name. From then on another one ends
// the process at once.
const char* WaitForStop();

// Whatever hangs: the process has ended after so long, with status 1 and a line
// that says why.
void EndWithin(absl::Duration time);

}  // namespace sluice

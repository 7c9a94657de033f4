#include "bench/process/server_process.h"

#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <limits>

#include "absl/strings/str_cat.h"
#include "bench/process/fail.h"

namespace sluice::bench {
namespace {

cpu_set_t Only(int core) {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  CPU_SET(core, &cores);
  return cores;
}

int64_t Anonymous(absl::string_view process) {
  std::ifstream rollup(absl::StrCat("/proc/", process, "/smaps_rollup"));
  for (std::string key; rollup >> key;) {
    int64_t kib;
    if (key == "Anonymous:" && rollup >> kib) return kib * 1024;
    rollup.ignore(std::numeric_limits<std::streamsize>::max(), '\n');
  }
  Fail("/proc/PID/smaps_rollup has no 'Anonymous:'");
}

}  // namespace

ServerProcess::ServerProcess(const std::vector<std::string>& command, std::optional<int> core) {
  std::vector<char*> arguments;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  const cpu_set_t cores = Only(core.value_or(0));
  pid_ = Must(fork(), "fork");
  if (pid_ != 0) return;
  // The child of a process with threads: only what is safe in a signal.
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (core) sched_setaffinity(0, sizeof(cores), &cores);
  execv(arguments[0], arguments.data());
  _exit(127);
}

ServerProcess::~ServerProcess() {
  kill(pid_, SIGTERM);
  waitpid(pid_, nullptr, 0);
}

absl::Duration ServerProcess::CpuTime() const {
  clockid_t clock;
  if (clock_getcpuclockid(pid_, &clock) != 0) Fail("the server has ended");
  timespec time;
  Must(clock_gettime(clock, &time), "clock_gettime");
  return absl::DurationFromTimespec(time);
}

int64_t ServerProcess::AnonymousBytes() const { return Anonymous(absl::StrCat(pid_)); }

int64_t OwnAnonymousBytes() { return Anonymous("self"); }

bool ServerProcess::Runs() const { return waitpid(pid_, nullptr, WNOHANG) == 0; }

void PinToCore(int core) {
  const cpu_set_t cores = Only(core);
  Must(sched_setaffinity(0, sizeof(cores), &cores), "sched_setaffinity");
}

}  // namespace sluice::bench

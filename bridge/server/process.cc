#include "bridge/server/process.h"

#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>

namespace sluice {
namespace {

sigset_t StopSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  return signals;
}

}  // namespace

void PrepareProcess() {
  const sigset_t signals = StopSignals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);  // a file that may not grow is an error of the write
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
  }
}

const char* WaitForStop() {
  const sigset_t signals = StopSignals();
  int signal = 0;
  while (sigwait(&signals, &signal) != 0) {
  }
  // A handler, since the default would do nothing to the first process of a
  // container.
  struct sigaction at_once {};
  at_once.sa_handler = [](int number) { _exit(128 + number); };
  sigaction(SIGTERM, &at_once, nullptr);
  sigaction(SIGINT, &at_once, nullptr);
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
  return signal == SIGTERM ? "SIGTERM" : "SIGINT";
}

void EndWithin(absl::Duration time) {
  struct sigaction late {};
  late.sa_handler = [](int) {
    static constexpr char kWhy[] = "sluice: something hangs past the drain; ending without it\n";
    (void)!write(STDERR_FILENO, kWhy, sizeof(kWhy) - 1);
    _exit(EXIT_FAILURE);
  };
  sigaction(SIGALRM, &late, nullptr);
  alarm(static_cast<unsigned>(absl::ToInt64Seconds(time)) + 1);
}

}  // namespace sluice

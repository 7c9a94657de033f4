#include "tests/server/program.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace sluice {
namespace {

constexpr int kPatienceMs = 30'000;

std::vector<char*> Pointers(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

void Append(int* pipe, std::string* text) {
  std::array<char, 4096> bytes;
  const ssize_t count = ::read(*pipe, bytes.data(), bytes.size());
  if (count > 0) {
    text->append(bytes.data(), static_cast<size_t>(count));
  } else {
    ::close(*pipe);
    *pipe = -1;
  }
}

}  // namespace

Program::Program(const std::vector<std::string>& arguments,
                 const std::map<std::string, std::string>& environment) {
  std::vector<std::string> words = {SLUICE_BINARY};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<std::string> variables;
  for (const auto& [name, value] : environment) {
    variables.push_back(absl::StrCat(name, "=", value));
  }
  int out[2];
  int err[2];
  EXPECT_EQ(::pipe2(out, O_CLOEXEC), 0);
  EXPECT_EQ(::pipe2(err, O_CLOEXEC), 0);
  const std::vector<char*> argv = Pointers(words);
  const std::vector<char*> envp = Pointers(variables);
  pid_ = ::fork();
  if (pid_ == 0) {
    ::dup2(out[1], STDOUT_FILENO);
    ::dup2(err[1], STDERR_FILENO);
    ::execve(argv[0], argv.data(), envp.data());
    ::_exit(127);
  }
  ::close(out[1]);
  ::close(err[1]);
  out_pipe_ = out[0];
  err_pipe_ = err[0];
}

Program::~Program() {
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  for (const int pipe : {out_pipe_, err_pipe_}) {
    if (pipe >= 0) ::close(pipe);
  }
}

std::string Program::WaitFor(const std::string& key) {
  const std::string before = absl::StrCat(" ", key, "=");
  for (;;) {
    const size_t found = err_.find(before);
    const size_t end = found == std::string::npos ? found : err_.find_first_of(" \n", found + 1);
    if (end != std::string::npos) {
      return err_.substr(found + before.size(), end - found - before.size());
    }
    if (!ReadSome()) {
      ADD_FAILURE() << "no " << key << " in:\n" << err_;
      return "";
    }
  }
}

void Program::Signal(int signal) { ::kill(pid_, signal); }

int Program::Wait() {
  while (ReadSome()) {
  }
  int status = 0;
  ::waitpid(pid_, &status, 0);
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

bool Program::ReadSome() {
  pollfd pipes[] = {{out_pipe_, POLLIN, 0}, {err_pipe_, POLLIN, 0}};  // (-1 is left out)
  if (out_pipe_ < 0 && err_pipe_ < 0) return false;
  if (::poll(pipes, 2, kPatienceMs) <= 0) {
    ADD_FAILURE() << "nothing for " << kPatienceMs << " ms after:\n" << err_;
    ::kill(pid_, SIGKILL);
    return false;
  }
  if (pipes[0].revents != 0) Append(&out_pipe_, &out_);
  if (pipes[1].revents != 0) Append(&err_pipe_, &err_);
  return true;
}

}  // namespace sluice

// The real binary, run by tests.
#pragma once

#include <sys/types.h>

#include <map>
#include <string>
#include <vector>

namespace sluice {

// A running `sluice`; killed with the object.
class Program {
 public:
  explicit Program(const std::vector<std::string>& arguments,
                   const std::map<std::string, std::string>& environment = {});
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  // What follows `key=` in the first line of standard error that has it; fails
  // the test when the program ends, or a deadline passes, before there is one.
  std::string WaitFor(const std::string& key);
  void Signal(int signal);
  // The exit code, or minus the signal that killed it.
  int Wait();

  // What it has printed so far (all of it after Wait).
  const std::string& out() const { return out_; }
  const std::string& err() const { return err_; }

 private:
  // False: both streams have ended, or nothing came for too long.
  bool ReadSome();

  pid_t pid_ = -1;
  int out_pipe_ = -1;
  int err_pipe_ = -1;
  std::string out_;
  std::string err_;
};

}  // namespace sluice

#include "bench/process/fail.h"

#include <errno.h>

#include <cstdlib>
#include <iostream>
#include <string>
#include <system_error>

namespace sluice::bench {

void Fail(std::string_view what) {
  std::cerr << program_invocation_short_name << ": " << what << std::endl;
  std::_Exit(2);
}

int Must(int result, std::string_view call) {
  if (result >= 0) return result;
  Fail(std::string(call) + ": " + std::system_category().message(errno));
}

}  // namespace sluice::bench

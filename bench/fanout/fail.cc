#include "bench/fanout/fail.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <iostream>

namespace sluice::bench {

void Fail(std::string_view what) {
  std::cerr << "fanout: " << what << std::endl;
  std::exit(2);
}

int Must(int result, std::string_view call) {
  if (result >= 0) return result;
  Fail(std::string(call) + ": " + std::strerror(errno));
}

}  // namespace sluice::bench

// A benchmark that cannot go on says why and ends: there is nobody to recover.
#pragma once

#include <string_view>

namespace sluice::bench {

[[noreturn]] void Fail(std::string_view what);

// Ends the program when a system call has failed; otherwise its result.
int Must(int result, std::string_view call);

}  // namespace sluice::bench

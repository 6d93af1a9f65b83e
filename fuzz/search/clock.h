#ifndef WAVEFUZZ_FUZZ_SEARCH_CLOCK_H_
#define WAVEFUZZ_FUZZ_SEARCH_CLOCK_H_

#include <chrono>

namespace wavefuzz {

/// Seconds on a clock that only goes forward, to take differences of.
inline double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace wavefuzz

#endif  // WAVEFUZZ_FUZZ_SEARCH_CLOCK_H_

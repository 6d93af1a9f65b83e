#ifndef WAVEFUZZ_FUZZ_SEARCH_PARALLEL_H_
#define WAVEFUZZ_FUZZ_SEARCH_PARALLEL_H_

#include <cstddef>
#include <exception>

namespace wavefuzz {

/// body(0), ..., body(count - 1) on so many threads, each handed out when one is free. Where some
/// throw, one of their exceptions is thrown again when all have ended.
template <typename Body>
void parallel_for(size_t count, int threads, const Body& body) {
  std::exception_ptr error;
#pragma omp parallel for num_threads(threads) schedule(dynamic, 1)
  for (size_t i = 0; i < count; ++i) {
    try {
      body(i);
    } catch (...) {
#pragma omp critical
      if (!error) error = std::current_exception();
    }
  }
  if (error) std::rethrow_exception(error);
}

}  // namespace wavefuzz

#endif  // WAVEFUZZ_FUZZ_SEARCH_PARALLEL_H_

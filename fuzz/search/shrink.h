#ifndef WAVEFUZZ_FUZZ_SEARCH_SHRINK_H_
#define WAVEFUZZ_FUZZ_SEARCH_SHRINK_H_

#include <rapidcheck/Shrinkable.h>

#include <atomic>
#include <cstdint>
#include <functional>

#include "fuzz/case/case.h"
#include "fuzz/judge/verdict.h"
#include "fuzz/search/harness.h"

namespace wavefuzz {

/// How far a shrink goes. Steps and instructions are what normally ends it, so that the result is a
/// function of the case; the time limit is for references so slow that nobody would wait.
struct ShrinkLimits {
  uint64_t steps = 20000;               ///< cases tried
  uint64_t instructions = 500'000'000;  ///< wave instructions of those cases
  double seconds = 60;
};

struct Shrunk {
  Case smallest;
  Verdict verdict;            ///< of `smallest`
  uint64_t steps = 0;         ///< cases tried
  uint64_t better = 0;        ///< how many of them became the new smallest
  uint64_t instructions = 0;  ///< wave instructions of the cases tried
  bool complete =
      true;  ///< no simpler case of the tree fails; false when a limit or an interruption ended it
};

/// Walks down the shrink tree: takes the first child that fails with the same signature, then that
/// child's first, until none does. `threads` tries children side by side; the result does not
/// depend on it.
Shrunk shrink(const Harness& harness, const rc::Shrinkable<Case>& failing, const Verdict& verdict,
              const ShrinkLimits& limits, int threads, const std::atomic<bool>& interrupted);

/// The shrink tree of a case that was not drawn but read from a file.
rc::Shrinkable<Case> shrink_tree(const Harness& harness, const Case& c);

}  // namespace wavefuzz

#endif  // WAVEFUZZ_FUZZ_SEARCH_SHRINK_H_

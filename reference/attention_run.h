#ifndef WAVEFUZZ_REFERENCE_ATTENTION_RUN_H_
#define WAVEFUZZ_REFERENCE_ATTENTION_RUN_H_

#include <vector>

#include "reference/attention_error.h"
#include "reference/attention_kernels.h"

/// attention() with chosen causes of error and instruction set.
namespace wavefuzz::reference::internal {

enum class Isa { kSse2, kAvx2, kAvx512 };
inline constexpr Isa kAllIsas[] = {Isa::kSse2, Isa::kAvx2, Isa::kAvx512};
bool supported(Isa isa);
Isa best_isa();

struct AttentionOptions {
  bool bounds = true;
  int threads = 1;
  uint32_t causes = kAllCauses;
  Isa isa = best_isa();
  /// Largest t and |t| of each row where they are known already: bounds are then a little tighter.
  const std::vector<double>* maximum = nullptr;
  const std::vector<double>* largest = nullptr;
};

struct AttentionRun {
  AttentionResult result;
  std::vector<double> maximum, largest;  ///< [rows], as in AttentionOptions
};

AttentionRun run_attention(const AttentionProblem& problem, const AttentionNumerics& numerics,
                           const AttentionOptions& options);

}  // namespace wavefuzz::reference::internal

#endif  // WAVEFUZZ_REFERENCE_ATTENTION_RUN_H_

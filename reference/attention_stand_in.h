// A plain f32 attention kernel for tests of the reference: one row at a time, with the choices that
// real kernels differ in. It shares no code with the reference.
#ifndef WAVEFUZZ_REFERENCE_ATTENTION_STAND_IN_H_
#define WAVEFUZZ_REFERENCE_ATTENTION_STAND_IN_H_

#include <cstdint>
#include <random>
#include <vector>

#include "reference/attention.h"

namespace wavefuzz::reference {

enum class SumOrder { kForward, kBackward, kPairwise, kTilesFirst };
enum class ExpForm { kNatural, kBase2, kBase2Fma };

struct StandInStyle {
  SumOrder dot = SumOrder::kForward, pv = SumOrder::kForward;
  ExpForm exp = ExpForm::kNatural;
  bool scales_first = false;  // the scales are multiplied with each other first
  bool flush = false;         // denormal results become 0
  bool noisy = false;         // exp, log and reciprocal off by up to 1 ulp, by `seed`
  bool merge_by_lse = true;   // else by maxima and sums
  bool sink_in_sum = true;    // else o / (1 + exp(sink - lse))
  uint32_t group = 8;         // products that a matrix instruction aligns together, at most
  uint32_t seed = 0;
};

struct StandInOutput {
  std::vector<double> o, lse;  // [rows, v_dim], [rows]
};

StandInOutput stand_in_attention(const AttentionProblem& problem, const AttentionNumerics& numerics,
                                 const StandInStyle& style);

}  // namespace wavefuzz::reference

#endif  // WAVEFUZZ_REFERENCE_ATTENTION_STAND_IN_H_

#ifndef WAVEFUZZ_FUZZ_JUDGE_GATES_H_
#define WAVEFUZZ_FUZZ_JUDGE_GATES_H_

#include <map>
#include <span>
#include <string>
#include <vector>

#include "fuzz/judge/verdict.h"

namespace wavefuzz {

/// A correctness gate as a peer's tests have it. None has a say in a verdict: they are evaluated to
/// show what they would have missed.
struct Gate {
  const char* name;
  const char* rule;
  const char* used_by;
};

inline constexpr Gate kGates[] = {
    {"aiter", "at most 5 % of elements off by more than 1e-2 + 1e-2 |x|",
     "AITER op_tests (checkAllclose)"},
    {"allclose", "no element off by more than 2e-2 + 2e-2 |x|", "torch.testing in vLLM, SGLang"},
    {"cosine", "cosine of rows: mean > 0.999 and min > 0.99", "MLA accuracy scripts"},
    {"calc_diff", "1 - 2 sum(xy) / sum(x^2 + y^2) < 1e-3", "DeepGEMM against bf16 originals"},
    {"calc_diff_tight", "the same < 5e-6", "DeepGEMM against dequantised values"},
    {"top_k_overlap", "at least 99 % of the indices", "indexer parity scripts"},
};

/// Whether each value gate passes `got` (NaN: not written), of rows of `columns`, where `expected`
/// is right. Infinite and unspecified (NaN) expected values are left out, as the peers mask them. A
/// gate already false in `passes` (of an earlier output) stays so.
void evaluate_gates(std::span<const double> expected, std::span<const double> got, size_t columns,
                    std::map<std::string, bool>& passes, GateFigures& figures);

/// The gate on the share of right top-k indices.
void evaluate_overlap_gate(double overlap, std::map<std::string, bool>& passes,
                           GateFigures& figures);

}  // namespace wavefuzz

#endif  // WAVEFUZZ_FUZZ_JUDGE_GATES_H_

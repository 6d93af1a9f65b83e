// The arithmetic of AITER's pa_*_pertokenFp8_gqa16_1tg_4w_mtp_msk1, operation by operation in f32,
// independent of the simulator's instructions.
#ifndef WAVEFUZZ_TESTS_AITER_PA_REFERENCE_H_
#define WAVEFUZZ_TESTS_AITER_PA_REFERENCE_H_

#include <cstdint>
#include <vector>

#include "tests/aiter/pa_problem.h"

namespace wavefuzz::aiter {

// bf16 [query_tokens][kHeads][kHeadDim].
//
// 1. A row of Q (a query token's head) becomes fp8: q8 = fp8(q * s), s = max * (1 / max(1e-6,
// max|q|)).
// 2. score[t] = dot(q8, k8[t]) * (1 / s) * k_scale[t], -inf behind the diagonal.
// 3. Over tiles of 256 tokens, with c = log2(e) / sqrt(128): m' = max(m, scores);
//    p[t] = 2^(score[t] * c - m' * c); r = 2^((m - m') * c); l = l * r + sum p.
// 4. P becomes fp8 a tile and row at a time: w = p * v_scale; w8 = fp8(w * s),
//    s = max * (1 / max(1e-6, max|w|)); O = O * r + dot(w8, v8) * (1 / s).
// 5. out = O * (1 / l), rounded half away from zero.
// Quotients and powers of two are rounded to nearest; results below 2^-126 are 0. Dot products are
// summed as gfx942's matrix unit does (gpu/sim/mfma/dot.h, the definition, not what the simulator
// runs): one fused multiply-add after the other, or one f64 sum, gives another last bit of bf16 in
// about one output of 20,000.
std::vector<uint16_t> reference(const PaProblem& problem);

}  // namespace wavefuzz::aiter

#endif  // WAVEFUZZ_TESTS_AITER_PA_REFERENCE_H_

// How matrix instructions sum: one parameter struct, and its value for every kind of instruction.
//
// The rules of gfx942 are those two groups found by probing MI300 parts and checked bit by bit
// against them on random raw bit patterns: MMA-Sim (Xie et al., arXiv 2511.10909, newest version of
// its CDNA3 model) and MATLAB-tensor-core (Khattak and Mikaitis, TACO 2026). No model or captured
// output of gfx950 is public: what stands here for it is a hypothesis and says so.
#ifndef WAVEFUZZ_GPU_SIM_MFMA_RULES_H_
#define WAVEFUZZ_GPU_SIM_MFMA_RULES_H_

#include <cstdint>

#include "gpu/sim/fidelity.h"

namespace wavefuzz::sim::mfma {

enum class SumKind : uint8_t {
  kAligned,   // groups of products, aligned and cut in fixed point, as below
  kFmaChain,  // D = fma(a_k, b_k, D) for ascending k, each rounded to nearest even
  kInteger,   // exact, modulo 2^32
};

inline constexpr int kNever = 1 << 20;

// kAligned, for one output element. Write T_n(x) for x cut toward zero at n fractional bits, L_n(x)
// for x cut toward minus infinity. A finite factor is s * 2^e with 1 <= |s| < 2; a subnormal keeps
// its format's least e, so that |s| < 1. A product is s_i = s_a * s_b, never normalised, and e_i =
// e_a + e_b. For each group of min(K, group) products, in ascending k, with D = C at first:
//   E0 = max e_i over products that are not zero; S = sum T_F(s_i * 2^(e_i - E0)).
//     even_odd: S and E0 of the products with even k and of those with odd k apart; then
//     E0 = max(Ee, Eo) and S = L_F(Se * 2^(Ee - E0)) + L_F(So * 2^(Eo - E0)).
//   E = max(E0, Ec), where D = s_c * 2^Ec, Ec >= -126, and zero has Ec = -126.
//   X = (L_F2+1(S * 2^(E0 - E)) + L_F(s_c * 2^(Ec - E))) * 2^E; the second term is 0 when
//     Ec < E - c_dropped_below.
//   D = X cut by L_F2 relative to its leading bit (of exponent -126 at least), then rounded to f32,
//     to nearest even. Subnormal results are kept; what is too large becomes Inf.
// With no product but zeros, S = 0 and E = Ec. Specials go before: any NaN, 0 * Inf or Inf - Inf
// gives NaN, otherwise Inf wins.
struct SumRule {
  SumKind kind = SumKind::kAligned;
  Fidelity fidelity = Fidelity::kHypothesis;
  int group = 8;                  // products aligned together
  bool even_odd = false;          // two sums, by parity of k
  int product_bits = 24;          // F, 23 to 28
  int sum_bits = 31;              // F2, F to 34
  int c_dropped_below = kNever;   // exponents below E at which C vanishes
  bool product_overflow = false;  // a product of 2^128 or more is Inf, before any sum
  int truncated_bits = 0;         // low bits cleared in every A and B element first

  constexpr bool operator==(const SumRule&) const = default;
};

// The same rule, unproven where it is used.
constexpr SumRule assumed(SumRule rule) {
  rule.fidelity = Fidelity::kHypothesis;
  return rule;
}

// --- gfx942 -------------------------------------------------------------------------------------

inline constexpr SumRule kGfx942F16 = {.fidelity = Fidelity::kExact,  // bf16 too
                                       .group = 8,
                                       .product_overflow = true};

inline constexpr SumRule kGfx942Fp8 = {.fidelity = Fidelity::kExact,  // fp8 and bf8, mixed or not
                                       .group = 16,
                                       .even_odd = true,
                                       .c_dropped_below = 25};

// f32 elements of which 10 mantissa bits take part. An f32 NaN whose payload lies in the low 13
// bits counts as Inf, as in MMA-Sim; hardware comparisons did not cover NaN results.
inline constexpr SumRule kGfx942Xf32 = {
    .fidelity = Fidelity::kExact, .group = 4, .product_overflow = true, .truncated_bits = 13};

// f32 and f64. MMA-Sim: subnormals kept, with the default floating-point mode.
inline constexpr SumRule kGfx942Fma = {.kind = SumKind::kFmaChain, .fidelity = Fidelity::kExact};

// i8, both arches. Without overflow any order gives this sum; that overflow wraps is what RDNA3 and
// RDNA4 do and assumed here.
inline constexpr SumRule kInteger = {.kind = SumKind::kInteger, .fidelity = Fidelity::kExact};

// --- gfx950 -------------------------------------------------------------------------------------

// The shapes gfx942 has too, hypothesis: nothing changed.
inline constexpr SumRule kGfx950F16 = assumed(kGfx942F16);
inline constexpr SumRule kGfx950Fp8 = assumed(kGfx942Fp8);
inline constexpr SumRule kGfx950Fma = assumed(kGfx942Fma);

// f16 and bf16 of 16x16x32 and 32x32x16, hypothesis: as gfx942, four or two groups of 8 one after
// the other. Other candidates: .group = 16, .group = 32 (one group for the whole instruction).
inline constexpr SumRule kGfx950F16Wide = assumed(kGfx942F16);

// f8f6f4 of 16x16x128 and 32x32x64 without scales, hypothesis: as gfx942's fp8, groups of 16 split
// by parity. Other candidates: .group = 32 or 64; .product_bits up to 28; .even_odd = false.
inline constexpr SumRule kGfx950F8f6f4 = assumed(kGfx942Fp8);

// The same with block scales, hypothesis: the scales' exponents join the products' before alignment
// (e_i = e_a + e_b + scale_a + scale_b), as in NVIDIA's block-scaled instructions in MMA-Sim. Other
// candidates: each block of 32 summed first and its sum scaled, then added to D.
inline constexpr SumRule kGfx950Scaled = kGfx950F8f6f4;

}  // namespace wavefuzz::sim::mfma

#endif  // WAVEFUZZ_GPU_SIM_MFMA_RULES_H_

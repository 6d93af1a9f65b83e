// How writers of FP8 data choose a scale and divide by it: one parameter struct, one preset for
// each writer. The same words, "fp8 with scale amax/max", hide at least ten different functions.
//
// A scale is the multiplier that gives the value back: value ~ decode(code) * scale.
//
// Uses f32 division and multiplication: exact where those are IEEE and denormals are kept, as on
// the host and in HIP's default mode.
#ifndef WAVEFUZZ_QUANT_SCALE_H_
#define WAVEFUZZ_QUANT_SCALE_H_

#include <cstdint>

#include "quant/float16.h"
#include "quant/fp8.h"
#include "quant/ue8m0.h"

namespace wavefuzz::quant {

// Where the floor that keeps all-zero rows from dividing by zero is applied.
enum class Floor : uint8_t {
  kNone,
  kOnAmax,   // scale = max(amax, floor) / M
  kOnScale,  // scale = max(amax / M, floor)
};

enum class ScaleRounding : uint8_t {
  kNone,
  kUe8m0Up,    // up to a power of two by exponent bits (round_up_to_power_of_two)
  kUe8m0Log2,  // exp2(ceil(log2 s)): the same for finite s, but infinity stays infinity
};

// How a value is brought into range. The two differ in the FP8 code of about 0.05 % of bf16 values.
enum class Divide : uint8_t {
  kDivide,      // x / scale
  kReciprocal,  // x * (1 / scale)
};

// What the quotient is rounded to before the cast.
enum class QuotientRounding : uint8_t {
  kNone,
  kF16,  // HIP's scaled_convert of half input rounds twice: quotient to half, half to FP8
};

struct ScaleRule {
  Fp8 format;
  CastPolicy cast;
  float divisor;  // M
  Floor floor_place = Floor::kOnAmax;
  float floor = 1e-4f;
  ScaleRounding scale_rounding = ScaleRounding::kNone;
  Divide scale_by = Divide::kDivide;  // amax / M or amax * (1 / M)
  Divide quantise_by = Divide::kDivide;
  QuotientRounding quotient_rounding = QuotientRounding::kNone;
  bool clamp_to_divisor =
      false;  // finite and infinite quotients are clamped to +-M before the cast

  constexpr bool operator==(const ScaleRule&) const = default;
};

// The scale of a group whose largest magnitude is amax (>= 0, or NaN, which a floor replaces as
// fmaxf does). For a rule without a floor amax = 0 gives scale 0, or 2^-126 with ue8m0.
constexpr float scale_from_amax(float amax, const ScaleRule& rule) {
  if (rule.floor_place == Floor::kOnAmax) amax = amax > rule.floor ? amax : rule.floor;
  float scale =
      rule.scale_by == Divide::kDivide ? amax / rule.divisor : amax * (1.0f / rule.divisor);
  if (rule.floor_place == Floor::kOnScale) scale = scale > rule.floor ? scale : rule.floor;
  if (rule.scale_rounding == ScaleRounding::kUe8m0Up ||
      (rule.scale_rounding == ScaleRounding::kUe8m0Log2 && scale != __builtin_huge_valf()))
    scale = round_up_to_power_of_two(scale);
  return scale;
}

// The FP8 code of x under `scale`. x is the input widened to f32.
constexpr uint8_t quantise(float x, float scale, const ScaleRule& rule) {
  float quotient = rule.quantise_by == Divide::kDivide ? x / scale : x * (1.0f / scale);
  if (rule.quotient_rounding == QuotientRounding::kF16) quotient = decode_f16(encode_f16(quotient));
  if (rule.clamp_to_divisor) {
    if (quotient > rule.divisor) quotient = rule.divisor;
    if (quotient < -rule.divisor) quotient = -rule.divisor;
  }
  return encode(rule.format, quotient, rule.cast);
}

// The largest magnitude of `count` bf16 values as f32; NaNs are dropped, as fmaxf and Triton's
// default max do. 0 for an empty or all-NaN group.
constexpr float amax_bf16(const uint16_t* values, uint64_t count) {
  uint32_t largest = 0;
  for (uint64_t i = 0; i < count; ++i) {
    const uint32_t magnitude = values[i] & 0x7FFFu;
    if (magnitude <= 0x7F80u && magnitude > largest) largest = magnitude;
  }
  return decode_bf16(static_cast<uint16_t>(largest));
}

// The rule with its scale rounded up to a power of two: vLLM's scale_fmt == "ue8m0", DeepGEMM's
// use_ue8m0. vLLM computes exp2(ceil(log2 s)) (kUe8m0Log2), which agrees for finite s wherever its
// log2 is exact at powers of two and does not round up to an integer just above one.
constexpr ScaleRule with_ue8m0(ScaleRule rule) {
  rule.scale_rounding = ScaleRounding::kUe8m0Up;
  return rule;
}

// The rule for f16 input of vLLM's C++ writers on ROCm, whose half overload rounds twice.
constexpr ScaleRule with_f16_quotient(ScaleRule rule) {
  rule.quotient_rounding = QuotientRounding::kF16;
  return rule;
}

// --- Presets ------------------------------------------------------------------------------------
// Three divisors live side by side: 448 for fn, 224 for fnuz in production (vLLM, SGLang on gfx942)
// and 240, fnuz's maximum, in AITER and in several tests. Never derive one from the platform.

// vLLM indexer K writer in Triton (ROCm): max(1e-4, amax) / M, IEEE division, no clamp before the
// cast, which saturates on gfx950 (since mid-2025) and does not on gfx942.
inline constexpr ScaleRule kVllmIndexerTritonFn = {Fp8::kE4m3fn, kCastAmdOvfl1, 448.0f};
inline constexpr ScaleRule kVllmIndexerTritonFnuz = {Fp8::kE4m3fnuz, kCastAmdOvfl0, 224.0f};

// vLLM indexer K writer in C++ (indexer_k_quant_and_cache): the same scale, cast by scaled_convert.
inline constexpr ScaleRule kVllmIndexerCuda = {Fp8::kE4m3fn, kCastCudaSatfinite, 448.0f};
inline constexpr ScaleRule kVllmIndexerHipFn = {Fp8::kE4m3fn, kCastHipSaturating, 448.0f};
inline constexpr ScaleRule kVllmIndexerHipFnuz = {Fp8::kE4m3fnuz, kCastHipSaturating, 224.0f};

// AITER indexer_k_quant_and_cache: max(amax, 1e-4) / M, multiplies by the reciprocal.
inline constexpr ScaleRule kAiterIndexerFn = {
    .format = Fp8::kE4m3fn,
    .cast = kCastHipSaturating,
    .divisor = 448.0f,
    .quantise_by = Divide::kReciprocal,
};
inline constexpr ScaleRule kAiterIndexerFnuz = {
    .format = Fp8::kE4m3fnuz,
    .cast = kCastHipSaturating,
    .divisor = 240.0f,
    .quantise_by = Divide::kReciprocal,
};

// Its test's reference: no floor at all and a division; differs from the kernel for tiny groups.
inline constexpr ScaleRule kAiterIndexerTestFn = {
    .format = Fp8::kE4m3fn, .cast = kCastPyTorch, .divisor = 448.0f, .floor_place = Floor::kNone};
inline constexpr ScaleRule kAiterIndexerTestFnuz = {
    .format = Fp8::kE4m3fnuz, .cast = kCastPyTorch, .divisor = 240.0f, .floor_place = Floor::kNone};

// Q path of AITER's fused indexer_qk_rope: max(amax, 1e-10) * (1 / M).
inline constexpr ScaleRule kAiterIndexerQueryFn = {
    .format = Fp8::kE4m3fn,
    .cast = kCastHipSaturating,
    .divisor = 448.0f,
    .floor = 1e-10f,
    .scale_by = Divide::kReciprocal,
    .quantise_by = Divide::kReciprocal,
};
inline constexpr ScaleRule kAiterIndexerQueryFnuz = {
    .format = Fp8::kE4m3fnuz,
    .cast = kCastHipSaturating,
    .divisor = 240.0f,
    .floor = 1e-10f,
    .scale_by = Divide::kReciprocal,
    .quantise_by = Divide::kReciprocal,
};

// DeepGEMM's tests: amax.clamp(1e-4) / 448, x * (1 / sf), torch cast.
inline constexpr ScaleRule kDeepGemmTest = {
    .format = Fp8::kE4m3fn,
    .cast = kCastPyTorch,
    .divisor = 448.0f,
    .quantise_by = Divide::kReciprocal,
};

// vLLM concat_and_cache_ds_mla before vllm-project/vllm#49435: max(amax / M, FLT_MIN), any float.
inline constexpr ScaleRule kVllmMlaFn = {
    .format = Fp8::kE4m3fn,
    .cast = kCastCudaSatfinite,
    .divisor = 448.0f,
    .floor_place = Floor::kOnScale,
    .floor = 0x1p-126f,
};
inline constexpr ScaleRule kVllmMlaFnuz = {
    .format = Fp8::kE4m3fnuz,
    .cast = kCastHipSaturating,
    .divisor = 224.0f,
    .floor_place = Floor::kOnScale,
    .floor = 0x1p-126f,
};

// The same writer after #49435: max(amax / 448, 1e-4) up to a power of two, so that no scale is
// below 2^-13.
inline constexpr ScaleRule kVllmMla49435 = {
    .format = Fp8::kE4m3fn,
    .cast = kCastCudaSatfinite,
    .divisor = 448.0f,
    .floor_place = Floor::kOnScale,
    .scale_rounding = ScaleRounding::kUe8m0Up,
};

// FlashMLA's tests (quant.py), both KV layouts: the same formula, torch cast.
inline constexpr ScaleRule kFlashMlaTest = {
    .format = Fp8::kE4m3fn,
    .cast = kCastPyTorch,
    .divisor = 448.0f,
    .floor_place = Floor::kOnScale,
    .scale_rounding = ScaleRounding::kUe8m0Up,
};

// vLLM V4 MLA writer in Triton: max(amax, 1e-4) / M up to a power of two, quotient clamped to +-M,
// stored as a ue8m0 byte. On gfx942 the main cache is fnuz while the compressed extra cache stays
// fn (vllm-project/vllm#45681).
inline constexpr ScaleRule kVllmV4MlaFn = {
    .format = Fp8::kE4m3fn,
    .cast = kCastCudaSatfinite,
    .divisor = 448.0f,
    .scale_rounding = ScaleRounding::kUe8m0Up,
    .clamp_to_divisor = true,
};
inline constexpr ScaleRule kVllmV4MlaFnuz = {
    .format = Fp8::kE4m3fnuz,
    .cast = kCastAmdOvfl0,
    .divisor = 224.0f,
    .scale_rounding = ScaleRounding::kUe8m0Up,
    .clamp_to_divisor = true,
};

}  // namespace wavefuzz::quant

#endif  // WAVEFUZZ_QUANT_SCALE_H_

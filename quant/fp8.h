// The four 8-bit floating-point formats of attention kernels, and every cast to them in use.
//
// All functions are constexpr, touch only integers, and so compile for host and device (clang's
// HIP treats constexpr functions as both) and do not depend on any rounding or denormal mode.
#ifndef WAVEFUZZ_QUANT_FP8_H_
#define WAVEFUZZ_QUANT_FP8_H_

#include <cstdint>

namespace wavefuzz::quant {

enum class Fp8 : uint8_t {
  // OCP FP8 E4M3 (NVIDIA, gfx950, gfx12). Bias 7, max 448 = 0x7E, min normal 2^-6, min subnormal
  // 2^-9. "fn": finite, no infinities; NaN is S.1111.111 (0x7F and 0xFF) only. Has -0.
  kE4m3fn,
  // AMD/Graphcore E4M3 (gfx942). Bias 8, max 240 = 0x7F, min normal 2^-7, min subnormal 2^-10.
  // "fnuz": finite, unsigned zero; the code of -0, 0x80, is the only NaN. Each code that is a
  // number here has half its e4m3fn value.
  kE4m3fnuz,
  // OCP FP8 E5M2, IEEE-like. Bias 15, max 57344 = 0x7B, min normal 2^-14, min subnormal 2^-16.
  // Infinities 0x7C and 0xFC, NaNs 0x7D..0x7F and 0xFD..0xFF. Has -0.
  kE5m2,
  // AMD/Graphcore E5M2. Bias 16, max 57344 = 0x7F, min normal 2^-15, min subnormal 2^-17.
  // Finite, unsigned zero; 0x80 is the only NaN.
  kE5m2fnuz,
};

inline constexpr Fp8 kAllFp8[] = {Fp8::kE4m3fn, Fp8::kE4m3fnuz, Fp8::kE5m2, Fp8::kE5m2fnuz};

// A format's row. Codes are sign (bit 7), exponent, mantissa.
struct Fp8Format {
  int exponent_bits;
  int mantissa_bits;
  int bias;
  uint8_t max_finite;  // code of the largest finite value
  uint8_t infinity;    // code of +Inf; 0 where the format has none
  uint8_t nan;         // code of the positive NaN that casts produce; in fnuz the only one
  bool negative_zero;  // 0x80 is -0; otherwise it is NaN
};

inline constexpr Fp8Format kFp8Formats[] = {
    {4, 3, 7, 0x7E, 0x00, 0x7F, true},
    {4, 3, 8, 0x7F, 0x00, 0x80, false},
    {5, 2, 15, 0x7B, 0x7C, 0x7F, true},
    {5, 2, 16, 0x7F, 0x00, 0x80, false},
};

constexpr Fp8Format format(Fp8 fp8) { return kFp8Formats[static_cast<int>(fp8)]; }

// The field's name: "e4m3fn", "e4m3fnuz", "e5m2", "e5m2fnuz" (ml_dtypes, PyTorch's float8_*).
// fp8_text.h parses it.
constexpr const char* name(Fp8 fp8) {
  switch (fp8) {
    case Fp8::kE4m3fn:
      return "e4m3fn";
    case Fp8::kE4m3fnuz:
      return "e4m3fnuz";
    case Fp8::kE5m2:
      return "e5m2";
    case Fp8::kE5m2fnuz:
      return "e5m2fnuz";
  }
  return "";
}

constexpr bool is_nan(Fp8 fp8, uint8_t code) {
  const Fp8Format f = format(fp8);
  if (!f.negative_zero) return code == 0x80;
  return (code & 0x7F) > (f.infinity ? f.infinity : f.max_finite);
}

constexpr bool is_inf(Fp8 fp8, uint8_t code) {
  const Fp8Format f = format(fp8);
  return f.infinity != 0 && (code & 0x7F) == f.infinity;
}

// The code's exact value. NaN codes give the quiet NaN 0x7FC00000 with the code's sign; the sign of
// the fnuz NaN 0x80 is not a sign, so that it gives the positive one.
constexpr float decode(Fp8 fp8, uint8_t code) {
  const Fp8Format f = format(fp8);
  const uint32_t sign = f.negative_zero || code != 0x80 ? (code & 0x80u) << 24 : 0u;
  const uint32_t magnitude = code & 0x7Fu;
  uint32_t bits = 0;
  if (is_nan(fp8, code)) {
    bits = 0x7FC00000u;
  } else if (is_inf(fp8, code)) {
    bits = 0x7F800000u;
  } else if (magnitude >> f.mantissa_bits != 0) {
    bits = (magnitude << (23 - f.mantissa_bits)) + (uint32_t(127 - f.bias) << 23);
  } else if (magnitude != 0) {
    // A subnormal: its leading one becomes float's hidden bit.
    const int up = __builtin_clz(magnitude) - (31 - f.mantissa_bits);
    bits = ((magnitude << up) << (23 - f.mantissa_bits)) + (uint32_t(127 - f.bias - up) << 23);
  }
  return __builtin_bit_cast(float, sign | bits);
}

// The largest finite value: 448, 240, 57344, 57344.
constexpr float max_finite(Fp8 fp8) { return decode(fp8, format(fp8).max_finite); }

// --- Casting ------------------------------------------------------------------------------------

// What a finite value beyond the range becomes. Overflow is decided after rounding, so that in
// e4m3fn 464 (a tie) is still 448; fnuz e4m3 overflows from 248, both e5m2 from 61440.
enum class Overflow : uint8_t {
  kNan,
  kSaturate,  // the largest finite value, sign kept
  kInfinity,  // +-Inf, or NaN in a format without infinities
};

// What +-Inf becomes; values as for Overflow.
enum class InfInput : uint8_t { kNan, kSaturate, kInfinity };

// What a NaN becomes.
enum class NanInput : uint8_t {
  kSignedNan,    // NaN with the sign kept; 0x80 in fnuz
  kPositiveNan,  // 0x7F whatever the sign; 0x80 in fnuz
  kMaxFinite,    // +max: a clamp by fminf/fmaxf drops the NaN operand
};

// The sign of a zero result.
enum class ZeroSign : uint8_t {
  kWhereRepresentable,  // kept in formats with -0, dropped in fnuz
  kAlways,  // a bug worth naming: kept in fnuz also, where 0x80 is NaN (triton-lang/triton#3997)
};

// How a cast treats what its format cannot hold. Rounding itself is always to nearest even.
struct CastPolicy {
  Overflow overflow;
  InfInput inf;
  NanInput nan;
  ZeroSign zero = ZeroSign::kWhereRepresentable;

  constexpr bool operator==(const CastPolicy&) const = default;
};

// Who casts how.
// PyTorch Tensor.to(float8_*), CPU and GPU (c10/util/Float8_*.h); ml_dtypes, except for which of
// the e5m2 NaN codes a NaN gets.
inline constexpr CastPolicy kCastPyTorch = {Overflow::kInfinity, InfInput::kInfinity,
                                            NanInput::kSignedNan};
// CUDA __NV_SATFINITE, PTX cvt.rn.satfinite; Triton on NVIDIA.
inline constexpr CastPolicy kCastCudaSatfinite = {Overflow::kSaturate, InfInput::kSaturate,
                                                  NanInput::kPositiveNan};
// CUDA __NV_NOSAT.
inline constexpr CastPolicy kCastCudaNosat = {Overflow::kInfinity, InfInput::kInfinity,
                                              NanInput::kPositiveNan};
// HIP __hip_cvt_float_to_fp8 with __HIP_SATFINITE (amd_hip_fp8.h): v_med3 clamps finite values
// only, Inf and NaN reach v_cvt_pk_fp8_f32 as they are. vLLM's scaled_convert on ROCm.
inline constexpr CastPolicy kCastHipSaturating = {Overflow::kSaturate, InfInput::kInfinity,
                                                  NanInput::kSignedNan};
// v_cvt_pk_{fp8,bf8}_f32 with MODE.FP16_OVFL = 0: bare converters, AITER's assembly kernels,
// Triton on gfx942 (ROCm/rocMLIR#1332, ROCm/rccl#9556).
inline constexpr CastPolicy kCastAmdOvfl0 = {Overflow::kInfinity, InfInput::kInfinity,
                                             NanInput::kSignedNan};
// The same with FP16_OVFL = 1: Triton on gfx950 since mid-2025 (triton-lang/triton#7337).
inline constexpr CastPolicy kCastAmdOvfl1 = {Overflow::kSaturate, InfInput::kSaturate,
                                             NanInput::kSignedNan};
// vLLM scaled_fp8_conversion: fmaxf(-max, fminf(x, max)) before the cast, which loses NaN.
inline constexpr CastPolicy kCastVllmClamp = {Overflow::kSaturate, InfInput::kSaturate,
                                              NanInput::kMaxFinite};
// Triton's software path to fnuz before triton-lang/triton#3997: small negatives became 0x80, NaN.
inline constexpr CastPolicy kCastTriton3997 = {Overflow::kInfinity, InfInput::kInfinity,
                                               NanInput::kSignedNan, ZeroSign::kAlways};

namespace internal {

// sign: 0 or 0x80. NaN has no sign in fnuz.
constexpr uint8_t nan_code(const Fp8Format& f, uint32_t sign) {
  return static_cast<uint8_t>(f.nan | sign);
}

constexpr uint8_t overflow_code(const Fp8Format& f, Overflow overflow, uint32_t sign) {
  if (overflow == Overflow::kSaturate) return static_cast<uint8_t>(f.max_finite | sign);
  if (overflow == Overflow::kInfinity && f.infinity != 0)
    return static_cast<uint8_t>(f.infinity | sign);
  return nan_code(f, sign);
}

constexpr uint8_t inf_code(const Fp8Format& f, InfInput inf, uint32_t sign) {
  return overflow_code(f, static_cast<Overflow>(inf), sign);
}

constexpr uint8_t nan_input_code(const Fp8Format& f, NanInput nan, uint32_t sign) {
  if (nan == NanInput::kMaxFinite) return f.max_finite;
  return nan_code(f, nan == NanInput::kSignedNan ? sign : 0);
}

// A float's significand as an integer with its hidden bit, and how far right the format's last
// kept bit lies. Value = significand * 2^(exponent - 150), exponent at least 1.
struct Significand {
  uint32_t value;         // below 2^24
  uint32_t exponent;      // float's biased exponent, at least 1
  uint32_t result;        // the same, at least that of the format's smallest normal number
  uint32_t min_exponent;  // float's biased exponent of the format's smallest normal number
};

constexpr Significand significand(const Fp8Format& f, uint32_t magnitude) {
  const uint32_t biased = magnitude >> 23;
  const uint32_t exponent = biased + (biased == 0);
  const uint32_t min_exponent = static_cast<uint32_t>(128 - f.bias);
  return {(magnitude & 0x7FFFFFu) | (uint32_t(biased != 0) << 23), exponent,
          exponent > min_exponent ? exponent : min_exponent, min_exponent};
}

// The result of a cast whose rounded magnitude is `code`, before specials; code may exceed 0x7F.
constexpr uint8_t finish_cast(const Fp8Format& f, uint32_t bits, uint32_t code, CastPolicy policy) {
  const uint32_t magnitude = bits & 0x7FFFFFFFu;
  const uint32_t sign = (bits >> 24) & 0x80u;
  const bool keep_sign = code != 0 || f.negative_zero || policy.zero == ZeroSign::kAlways;
  uint32_t result = code | (keep_sign ? sign : 0);
  result = code > f.max_finite ? overflow_code(f, policy.overflow, sign) : result;
  result = magnitude == 0x7F800000u ? inf_code(f, policy.inf, sign) : result;
  result = magnitude > 0x7F800000u ? nan_input_code(f, policy.nan, sign) : result;
  return static_cast<uint8_t>(result);
}

}  // namespace internal

// Rounds x to nearest, ties to even; `policy` decides what is outside the format's range.
constexpr uint8_t encode(Fp8 fp8, float x, CastPolicy policy) {
  const Fp8Format f = format(fp8);
  const uint32_t bits = __builtin_bit_cast(uint32_t, x);
  const internal::Significand s = internal::significand(f, bits & 0x7FFFFFFFu);
  // Subnormal results lose a further bit per power of two; from 25 on nothing but zero is left.
  const uint32_t wanted = 23 - f.mantissa_bits + (s.result - s.exponent);
  const uint32_t shift = wanted < 25 ? wanted : 25;
  const uint32_t odd = (s.value >> shift) & 1u;
  const uint32_t rounded = (s.value + (1u << (shift - 1)) - 1 + odd) >> shift;
  // The hidden bit of a normal result counts as one step of the exponent; a carry moves up by
  // itself, from subnormal to normal as well.
  const uint32_t code = rounded + ((s.result - s.min_exponent) << f.mantissa_bits);
  return internal::finish_cast(f, bits, code, policy);
}

// Stochastic rounding as v_cvt_sr_fp8_f32 and v_cvt_sr_bf8_f32 do it: with m mantissa bits kept,
// the top 23 - m bits of `random` (31:12 for e4m3, 31:11 for e5m2) are added below the kept bits
// and the sum is truncated. A value headed for the subnormal range is first truncated to the same
// 23 - m bits below its last kept bit, so that its chance of rounding up is a multiple of
// 2^-(23-m) and anything less than that below a code never reaches it. The subnormal step is not in
// the ISA documents; it is what gfx1201 was measured to do (ROCm/rocm-systems, rocjitsu's
// conversion tests) and assumed for gfx942 and gfx950.
constexpr uint8_t encode_stochastic(Fp8 fp8, float x, uint32_t random, CastPolicy policy) {
  const Fp8Format f = format(fp8);
  const uint32_t bits = __builtin_bit_cast(uint32_t, x);
  const internal::Significand s = internal::significand(f, bits & 0x7FFFFFFFu);
  const uint32_t dropped = 23 - f.mantissa_bits;
  const uint32_t denormalise = s.result - s.exponent;
  const uint32_t kept = denormalise < 32 ? s.value >> denormalise : 0;
  const uint32_t rounded = (kept + (random >> (32 - dropped))) >> dropped;
  const uint32_t code = rounded + ((s.result - s.min_exponent) << f.mantissa_bits);
  return internal::finish_cast(f, bits, code, policy);
}

// --- fn weights on an fnuz machine --------------------------------------------------------------

// vLLM's normalize_e4m3fn_to_e4m3fnuz for one weight: the e4m3fnuz code whose value is half that of
// the e4m3fn code; the weight's scale must be doubled with it. -0 becomes 0. As shipped, the fn
// NaNs 0x7F and 0xFF silently become +-240. Not idempotent: a second pass halves nothing but its
// caller doubles the scale again.
constexpr uint8_t fnuz_from_fn(uint8_t fn_code) { return fn_code == 0x80 ? 0x00 : fn_code; }

}  // namespace wavefuzz::quant

#endif  // WAVEFUZZ_QUANT_FP8_H_

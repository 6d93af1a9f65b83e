// What gfx950's scaled conversions compute. Included by op files only.
//
// The scale is the exponent field of an f32, a power of two: it divides on the way to a small
// format and multiplies on the way back. Undocumented, assumed here: nearest even whatever MODE
// says; exponent 255 (NaN as E8M0) makes everything NaN; FP6 and FP4, which have no NaN, take NaN
// for the largest number; every element of a packed stochastic conversion uses the same random
// bits.
#ifndef WAVEFUZZ_GPU_SIM_SCALEF32_H_
#define WAVEFUZZ_GPU_SIM_SCALEF32_H_

#include "gpu/sim/vocabulary.h"
#include "quant/fp8.h"

namespace wavefuzz::sim::WAVEFUZZ_SIM_ISA::scalef32 {

enum class Small : uint8_t { kFp8, kBf8, kFp6, kBf6, kFp4 };
enum class Wide : uint8_t { kF32, kF16, kBf16 };

// OCP MX formats: sign, exponent, mantissa; all codes are numbers.
struct MxFormat {
  u32 bits, mantissa, bias;
  constexpr u32 max() const { return (1u << (bits - 1)) - 1; }
};
constexpr MxFormat mx_format(Small small) {
  return small == Small::kFp6   ? MxFormat{6, 3, 1}
         : small == Small::kBf6 ? MxFormat{6, 2, 3}
                                : MxFormat{4, 1, 1};
}
constexpr u32 bits(Small small) {
  return small == Small::kFp8 || small == Small::kBf8 ? 8 : mx_format(small).bits;
}
constexpr u32 bits(Wide wide) { return wide == Wide::kF32 ? 32 : 16; }

SIM_INLINE double power(u32 scale, bool inverse) {
  const u32 e = scale >> 23 & 0xff;
  if (e == 255) return as_double(kNanF64);
  return as_double(u64(inverse ? 1150 - e : 896 + e) << 52);
}

template <Wide kWide>
SIM_INLINE float widen(u32 x) {
  return as_float(kWide == Wide::kF32   ? x
                  : kWide == Wide::kF16 ? f32_from_f16(x & 0xffff)
                                        : x << 16);
}
// x / 2^n as an f32. What is lost lies below every small format's rounding; infinity stands for
// what is too large.
SIM_INLINE float divided(float x, u32 scale) {
  const double r = double(x) * power(scale, true);
  if (r != r) return as_float(kNanF32 | (as_bits(x) & 0x8000'0000));
  return float(r);
}

// To an MX format: significand rounded at the last place of the result, then the exponent added.
template <Small kSmall, bool kStochastic>
SIM_INLINE u32 encode_mx(float x, u32 random) {
  constexpr MxFormat f = mx_format(kSmall);
  const u32 b = as_bits(x), sign = b >> 31 << (f.bits - 1), a = b & 0x7fff'ffff;
  if (a >= 0x4780'0000) return sign | f.max();  // 2^16 is past all of them
  const u32 biased = a >> 23, exponent = biased != 0 ? biased : 1;
  const u32 value = (a & 0x7f'ffff) | (biased != 0 ? 0x80'0000 : 0);
  constexpr u32 kLeast = 128 - f.bias, kDropped = 23 - f.mantissa;
  const u32 result = exponent > kLeast ? exponent : kLeast;
  const u32 away = result - exponent;
  u32 rounded;
  if (kStochastic) {
    const u32 kept = away < 32 ? value >> away : 0;
    rounded = (kept + (random >> (32 - kDropped))) >> kDropped;
  } else {
    const u32 shift = kDropped + away < 25 ? kDropped + away : 25;
    rounded = (value + (1u << (shift - 1)) - 1 + (value >> shift & 1)) >> shift;
  }
  const u32 code = rounded + ((result - kLeast) << f.mantissa);
  return sign | (code > f.max() ? f.max() : code);
}
template <Small kSmall, bool kStochastic>
SIM_INLINE u32 encode(float x, u32 scale, u32 random, const Mode& m) {
  const float d = divided(x, scale);
  if constexpr (kSmall == Small::kFp8 || kSmall == Small::kBf8) {
    constexpr quant::Fp8 kFp8 = kSmall == Small::kFp8 ? quant::Fp8::kE4m3fn : quant::Fp8::kE5m2;
    const quant::CastPolicy policy = m.fp16_overflow ? quant::kCastAmdOvfl1 : quant::kCastAmdOvfl0;
    return kStochastic ? quant::encode_stochastic(kFp8, d, random, policy)
                       : quant::encode(kFp8, d, policy);
  } else {
    return encode_mx<kSmall, kStochastic>(d, random);
  }
}

template <Small kSmall>
SIM_INLINE float decode(u32 code) {
  if constexpr (kSmall == Small::kFp8 || kSmall == Small::kBf8) {
    return quant::decode(kSmall == Small::kFp8 ? quant::Fp8::kE4m3fn : quant::Fp8::kE5m2, u8(code));
  } else {
    constexpr MxFormat f = mx_format(kSmall);
    const u32 magnitude = code & f.max(), exponent = magnitude >> f.mantissa;
    const u32 mantissa = magnitude & ((1u << f.mantissa) - 1);
    const u32 significand = mantissa | (exponent != 0 ? 1u << f.mantissa : 0);
    const u32 unit = 127 - f.bias - f.mantissa + (exponent != 0 ? exponent : 1);
    const float r = float(i32(significand)) * as_float(unit << 23);
    return code >> (f.bits - 1) & 1 ? -r : r;
  }
}
// The bits of code * 2^n. A product has few bits: only f16's and bf16's denormals round.
template <Small kSmall, Wide kWide>
SIM_INLINE u32 decode_scaled(u32 code, u32 scale) {
  const double r = double(decode<kSmall>(code)) * power(scale, false);
  u32 b = r != r ? kNanF32 : as_bits(float(r));
  if (r >= 0x1p128) b = 0x7f80'0000;
  if (r <= -0x1p128) b = 0xff80'0000;
  if (kWide == Wide::kF32) return b;
  if (kWide == Wide::kF16) return f16_from_f32(b, Round::kNearest, false);
  return is_nan32(b) ? b >> 16 : (b + 0x7fff + (b >> 16 & 1)) >> 16;
}

}  // namespace wavefuzz::sim::WAVEFUZZ_SIM_ISA::scalef32

#endif  // WAVEFUZZ_GPU_SIM_SCALEF32_H_

// The two 16-bit formats, bfloat16 and IEEE binary16 ("half", f16), as bit patterns in uint16_t.
//
// constexpr, integers only: compiles for host and device and ignores rounding and denormal modes.
#ifndef WAVEFUZZ_QUANT_FLOAT16_H_
#define WAVEFUZZ_QUANT_FLOAT16_H_

#include <cstdint>

namespace wavefuzz::quant {

// Exact; NaN payloads are kept.
constexpr float decode_bf16(uint16_t code) {
  return __builtin_bit_cast(float, uint32_t(code) << 16);
}

// Rounds to nearest, ties to even, overflowing to Inf. NaN is quieted, keeping its sign and upper
// payload (as v_cvt_pk_bf16_f32 and vcvtneps2bf16 do; unlike the latter subnormals are kept).
constexpr uint16_t encode_bf16(float x) {
  const uint32_t bits = __builtin_bit_cast(uint32_t, x);
  if ((bits & 0x7FFFFFFFu) > 0x7F800000u) return static_cast<uint16_t>((bits >> 16) | 0x40u);
  return static_cast<uint16_t>((bits + 0x7FFFu + ((bits >> 16) & 1u)) >> 16);
}

// Rounds to nearest, ties away from zero, as AITER's assembly kernels store their output:
// (bits + 0x8000) >> 16, every NaN 0x7FFF. Differs from encode_bf16 at ties and NaN only.
constexpr uint16_t encode_bf16_half_away(float x) {
  const uint32_t bits = __builtin_bit_cast(uint32_t, x);
  if ((bits & 0x7FFFFFFFu) > 0x7F800000u) return 0x7FFF;
  return static_cast<uint16_t>((bits + 0x8000u) >> 16);
}

// Exact. Signalling NaNs are quieted (as v_cvt_f32_f16 and vcvtph2ps do), payloads kept.
constexpr float decode_f16(uint16_t code) {
  const uint32_t sign = uint32_t(code & 0x8000u) << 16;
  const uint32_t magnitude = code & 0x7FFFu;
  uint32_t bits = 0;
  if (magnitude > 0x7C00u) {
    bits = 0x7FC00000u | ((magnitude & 0x3FFu) << 13);
  } else if (magnitude == 0x7C00u) {
    bits = 0x7F800000u;
  } else if (magnitude >= 0x400u) {
    bits = (magnitude << 13) + (112u << 23);
  } else if (magnitude != 0) {
    const int up = __builtin_clz(magnitude) - 21;
    bits = ((magnitude << up) << 13) + (uint32_t(112 - up) << 23);
  }
  return __builtin_bit_cast(float, sign | bits);
}

// Rounds to nearest, ties to even; from 65520 on the result is Inf. NaN is quieted, keeping its
// sign and upper payload.
constexpr uint16_t encode_f16(float x) {
  const uint32_t bits = __builtin_bit_cast(uint32_t, x);
  const uint32_t magnitude = bits & 0x7FFFFFFFu;
  const uint32_t sign = (bits >> 16) & 0x8000u;
  if (magnitude > 0x7F800000u)
    return static_cast<uint16_t>(sign | 0x7E00u | ((magnitude >> 13) & 0x3FFu));
  // As in fp8.h: round the significand at the result's last bit, then add the exponent.
  const uint32_t biased = magnitude >> 23;
  const uint32_t exponent = biased + (biased == 0);
  const uint32_t value = (magnitude & 0x7FFFFFu) | (uint32_t(biased != 0) << 23);
  const uint32_t result = exponent > 113 ? exponent : 113;
  const uint32_t wanted = 13 + (result - exponent);
  const uint32_t shift = wanted < 25 ? wanted : 25;
  const uint32_t odd = (value >> shift) & 1u;
  const uint32_t rounded = (value + (1u << (shift - 1)) - 1 + odd) >> shift;
  const uint32_t code = rounded + ((result - 113) << 10);
  return static_cast<uint16_t>(sign | (code < 0x7C00u ? code : 0x7C00u));
}

}  // namespace wavefuzz::quant

#endif  // WAVEFUZZ_QUANT_FLOAT16_H_

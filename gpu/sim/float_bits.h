// Bit-level helpers for f16, f32 and f64: classification, quieting, flushing, f16 conversion.
// Everything is always inlined: op files are compiled once per host ISA (see wave.h).
#ifndef WAVEFUZZ_GPU_SIM_FLOAT_BITS_H_
#define WAVEFUZZ_GPU_SIM_FLOAT_BITS_H_

#include <cstdint>

#include "gpu/sim/mode.h"

namespace wavefuzz::sim {

[[gnu::always_inline]] inline float as_float(uint32_t bits) {
  return __builtin_bit_cast(float, bits);
}
[[gnu::always_inline]] inline uint32_t as_bits(float value) {
  return __builtin_bit_cast(uint32_t, value);
}
[[gnu::always_inline]] inline double as_double(uint64_t bits) {
  return __builtin_bit_cast(double, bits);
}
[[gnu::always_inline]] inline uint64_t as_bits(double value) {
  return __builtin_bit_cast(uint64_t, value);
}

// What an invalid operation generates: positive and quiet (x86 would give a negative one).
inline constexpr uint32_t kNanF32 = 0x7fc0'0000;
inline constexpr uint64_t kNanF64 = 0x7ff8'0000'0000'0000;
inline constexpr uint32_t kNanF16 = 0x7e00;

[[gnu::always_inline]] inline bool is_nan32(uint32_t b) { return (b & 0x7fff'ffff) > 0x7f80'0000; }
[[gnu::always_inline]] inline bool is_nan64(uint64_t b) { return (b << 1) > 0xffe0'0000'0000'0000; }
[[gnu::always_inline]] inline bool is_nan16(uint32_t b) { return (b & 0x7fff) > 0x7c00; }
[[gnu::always_inline]] inline bool is_signalling32(uint32_t b) {
  return is_nan32(b) && !(b & 0x40'0000);
}
[[gnu::always_inline]] inline bool is_signalling64(uint64_t b) {
  return is_nan64(b) && !(b & 0x8'0000'0000'0000);
}
[[gnu::always_inline]] inline bool is_signalling16(uint32_t b) {
  return is_nan16(b) && !(b & 0x200);
}
[[gnu::always_inline]] inline uint32_t quiet32(uint32_t b) { return b | 0x40'0000; }
[[gnu::always_inline]] inline uint64_t quiet64(uint64_t b) { return b | 0x8'0000'0000'0000; }

// A denormal becomes a zero of its sign, where `on` is ~0; nothing happens where it is 0. A mask
// and not a bool, so that loops over lanes vectorise.
[[gnu::always_inline]] inline uint32_t flush32(uint32_t b, uint32_t on = ~0u) {
  return (b & 0x7f80'0000) == 0 ? b & (0x8000'0000 | ~on) : b;
}
[[gnu::always_inline]] inline uint64_t flush64(uint64_t b, uint64_t on = ~uint64_t{0}) {
  return (b & 0x7ff0'0000'0000'0000) == 0 ? b & (0x8000'0000'0000'0000 | ~on) : b;
}
[[gnu::always_inline]] inline uint32_t flush16(uint32_t b, uint32_t on = ~0u) {
  return (b & 0x7c00) == 0 ? b & (0x8000 | ~on) : b;
}
[[gnu::always_inline]] inline uint32_t mask32(bool on) { return 0u - uint32_t(on); }
[[gnu::always_inline]] inline uint64_t mask64(bool on) { return uint64_t{0} - uint64_t(on); }

// c ? x : y without a branch: GCC turns chains of ?: back into control flow, which does not
// vectorise.
[[gnu::always_inline]] inline uint32_t pick(bool c, uint32_t x, uint32_t y) {
  return (x & mask32(c)) | (y & ~mask32(c));
}
[[gnu::always_inline]] inline uint64_t pick(bool c, uint64_t x, uint64_t y) {
  return (x & mask64(c)) | (y & ~mask64(c));
}

// Exact. NaN payloads move along, signalling ones stay so.
[[gnu::always_inline]] inline uint32_t f32_from_f16(uint32_t h) {
  const uint32_t sign = (h & 0x8000) << 16;
  const uint32_t magnitude = h & 0x7fff;
  // Subnormals: scaling the misread exponent by 2^112 is exact.
  const uint32_t finite = as_bits(as_float(magnitude << 13) * 0x1p112f);
  const uint32_t special = magnitude << 13 | 0x7f80'0000;
  return sign | (magnitude >= 0x7c00 ? special : finite);
}

// Rounds as told. A NaN is quieted and keeps the top of its payload. A finite overflow becomes
// infinity or, where the direction says so or saturate is set (FP16_OVFL), the largest finite
// number.
[[gnu::always_inline]] inline uint32_t f16_from_f32(uint32_t x, Round round, bool saturate) {
  const uint32_t sign = x >> 16 & 0x8000;
  const uint32_t a = x & 0x7fff'ffff;
  const uint32_t away = round == Round::kNearest                           ? 0
                        : round == (sign != 0 ? Round::kDown : Round::kUp) ? ~0u
                                                                           : 0;
  const uint32_t nearest = round == Round::kNearest ? ~0u : 0;
  // Normal results.
  const uint32_t bias = (nearest & (0xfff + (a >> 13 & 1))) | (away & 0x1fff);
  const uint32_t rounded = a + bias;
  const uint32_t overflow = (nearest | away) != 0 && !saturate ? 0x7c00 : 0x7bff;
  const uint32_t normal = rounded >= 0x4780'0000 ? overflow : (rounded - 0x3800'0000) >> 13;
  // Subnormal results: the last place is 2^-24.
  const uint32_t exponent = a >> 23;
  const uint32_t mantissa = (a & 0x7f'ffff) | (exponent != 0 ? 0x80'0000 : 0);
  const uint32_t wide = 126 - exponent;
  const uint32_t shift = wide > 31 ? 31 : wide;
  const uint32_t half = (1u << (shift & 31)) >> 1;
  const uint32_t small_bias =
      (nearest & (half - 1 + (mantissa >> (shift & 31) & 1))) | (away & (2 * half - 1));
  const uint32_t small = (mantissa + small_bias) >> (shift & 31);
  const uint32_t finite = a >= 0x3880'0000 ? normal : small;
  const uint32_t nan = 0x7e00 | (a >> 13 & 0x3ff);
  return sign | (a > 0x7f80'0000 ? nan : a == 0x7f80'0000 ? 0x7c00 : finite);
}

// A double as a float whose last bit is sticky, so that a later rounding to f16 sees the exact
// value.
[[gnu::always_inline]] inline float round_to_odd(double value) {
  const float near = float(value);
  const double back = near;
  uint32_t bits = as_bits(near);
  if (back == value || back != back || (bits & 0x7fff'ffff) == 0x7f80'0000) return near;
  // Step toward zero if `near` went away from it, then make the bit odd.
  const double magnitude_near = back < 0 ? -back : back;
  const double magnitude = value < 0 ? -value : value;
  if (magnitude_near > magnitude) --bits;
  return as_float(bits | 1);
}

}  // namespace wavefuzz::sim

#endif  // WAVEFUZZ_GPU_SIM_FLOAT_BITS_H_

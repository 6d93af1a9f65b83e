// ue8m0 (OCP MX e8m0fnu): a power of two in one byte, float's exponent field without the rest.
#ifndef WAVEFUZZ_QUANT_UE8M0_H_
#define WAVEFUZZ_QUANT_UE8M0_H_

#include <cstdint>

namespace wavefuzz::quant {

// 2^(code - 127); 0xFF is NaN. Code 0 is 2^-127, a subnormal float: not zero.
constexpr float decode_ue8m0(uint8_t code) {
  const uint32_t bits = code == 0xFF ? 0x7FC00000u : code == 0 ? 0x00400000u : uint32_t(code) << 23;
  return __builtin_bit_cast(float, bits);
}

// The byte of a power of two in [2^-127, 2^127]. A value between two powers gives the lower one (a
// plain read of the exponent field, as readers of the format do), below 2^-127 gives 0; Inf and NaN
// give 0xFF. The sign is ignored: the format has none.
constexpr uint8_t encode_ue8m0(float scale) {
  return static_cast<uint8_t>((__builtin_bit_cast(uint32_t, scale) >> 23) & 0xFFu);
}

// The smallest power of two not below a positive finite x, by its exponent bits: exponent +=
// (mantissa != 0), clamped to 1..254, i.e. to [2^-126, 2^127] (DeepGEMM, get_e4m3_sf_and_sf_inv and
// ceil_to_ue8m0). Exact, unlike 2^ceil(log2 x) with a device's log2. Zero and subnormals give
// 2^-126, Inf and NaN 2^127.
constexpr float round_up_to_power_of_two(float x) {
  const uint32_t bits = __builtin_bit_cast(uint32_t, x) & 0x7FFFFFFFu;
  uint32_t exponent = (bits >> 23) + ((bits & 0x7FFFFFu) != 0);
  exponent = exponent < 1 ? 1 : exponent > 254 ? 254 : exponent;
  return __builtin_bit_cast(float, exponent << 23);
}

}  // namespace wavefuzz::quant

#endif  // WAVEFUZZ_QUANT_UE8M0_H_

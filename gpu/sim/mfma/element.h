// The element types matrix instructions read, and what a code of each means.
#ifndef GPU_SIM_MFMA_ELEMENT_H_
#define GPU_SIM_MFMA_ELEMENT_H_

#include <cstdint>

#include "quant/fp8.h"

namespace wavefuzz::sim::mfma {

enum class Element : uint8_t {
  kE4m3fn,    // gfx950 "fp8"; f8f6f4 format 0
  kE4m3fnuz,  // gfx942 "fp8"
  kE5m2,      // gfx950 "bf8"; f8f6f4 format 1
  kE5m2fnuz,  // gfx942 "bf8"
  kE2m3,      // OCP MX "fp6"; f8f6f4 format 2
  kE3m2,      // OCP MX "bf6"; f8f6f4 format 3
  kE2m1,      // OCP MX "fp4"; f8f6f4 format 4
  kF16,
  kBf16,
  kF32,
  kF64,
  kI8,
};

// Bits an element takes in a register.
constexpr int bits(Element element) {
  switch (element) {
    case Element::kE2m1:
      return 4;
    case Element::kE2m3:
    case Element::kE3m2:
      return 6;
    case Element::kF16:
    case Element::kBf16:
      return 16;
    case Element::kF32:
      return 32;
    case Element::kF64:
      return 64;
    default:
      return 8;
  }
}

// A binary floating-point format of at most 32 bits: sign, exponent, mantissa. "Magnitude" is the
// code without its sign bit.
struct FloatFormat {
  int exponent_bits = 0;
  int mantissa_bits = 0;
  int bias = 0;
  uint32_t special_from = ~0u;    // the least magnitude that is Inf or NaN
  uint32_t infinity = ~0u;        // the magnitude of Inf; others from special_from on are NaN
  bool sign_only_is_nan = false;  // the code of -0 is NaN (fnuz)

  constexpr int min_exponent() const { return 1 - bias; }
  constexpr uint32_t sign_bit() const { return 1u << (exponent_bits + mantissa_bits); }
};

// Of every element type but f64 and i8. e4m3 and e5m2 come from quant/fp8.h; the OCP MX formats
// have neither Inf nor NaN.
constexpr FloatFormat float_format(Element element) {
  const auto ieee = [](int exponent_bits, int mantissa_bits) {
    const uint32_t infinity = ((1u << exponent_bits) - 1) << mantissa_bits;
    return FloatFormat{exponent_bits, mantissa_bits, (1 << (exponent_bits - 1)) - 1, infinity,
                       infinity};
  };
  const auto fp8 = [](quant::Fp8 fp8) {
    const quant::Fp8Format f = quant::format(fp8);
    return FloatFormat{f.exponent_bits,
                       f.mantissa_bits,
                       f.bias,
                       f.negative_zero ? uint32_t(f.max_finite) + 1 : ~0u,
                       f.infinity ? uint32_t(f.infinity) : ~0u,
                       !f.negative_zero};
  };
  switch (element) {
    case Element::kE4m3fn:
      return fp8(quant::Fp8::kE4m3fn);
    case Element::kE4m3fnuz:
      return fp8(quant::Fp8::kE4m3fnuz);
    case Element::kE5m2:
      return fp8(quant::Fp8::kE5m2);
    case Element::kE5m2fnuz:
      return fp8(quant::Fp8::kE5m2fnuz);
    case Element::kE2m3:
      return {2, 3, 1};
    case Element::kE3m2:
      return {3, 2, 3};
    case Element::kE2m1:
      return {2, 1, 1};
    case Element::kF16:
      return ieee(5, 10);
    case Element::kBf16:
      return ieee(8, 7);
    case Element::kF32:
      return ieee(8, 23);
    default:
      return {};
  }
}

// A decoded element: (-1)^negative * significand * 2^(exponent - mantissa_bits) when finite.
// Subnormals keep the format's least exponent; a zero has significand 0.
struct Number {
  enum Kind : uint8_t { kFinite, kInfinite, kNan };
  Kind kind;
  bool negative;
  uint32_t significand;
  int exponent;
};

constexpr Number decode(const FloatFormat& format, uint32_t code) {
  const uint32_t magnitude = code & (format.sign_bit() - 1);
  const bool negative = code & format.sign_bit();
  if (magnitude == 0 && negative && format.sign_only_is_nan) return {Number::kNan, false, 0, 0};
  if (magnitude == format.infinity) return {Number::kInfinite, negative, 0, 0};
  if (magnitude >= format.special_from) return {Number::kNan, negative, 0, 0};
  const uint32_t biased = magnitude >> format.mantissa_bits;
  const uint32_t hidden = uint32_t(biased != 0) << format.mantissa_bits;
  return {Number::kFinite, negative, (magnitude & ((1u << format.mantissa_bits) - 1)) | hidden,
          (biased != 0 ? int(biased) : 1) - format.bias};
}

}  // namespace wavefuzz::sim::mfma

#endif  // GPU_SIM_MFMA_ELEMENT_H_

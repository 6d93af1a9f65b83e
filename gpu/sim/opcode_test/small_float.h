// The formats of 8, 6 and 4 bits, through APFloat.
#ifndef WAVEFUZZ_GPU_SIM_OPCODE_TEST_SMALL_FLOAT_H_
#define WAVEFUZZ_GPU_SIM_OPCODE_TEST_SMALL_FLOAT_H_

#include <cmath>

#include "gpu/sim/opcode_test/fp.h"

namespace wavefuzz::sim::opcode {

struct Small {
  const char* name;  // in mnemonics
  const llvm::fltSemantics& semantics;
  unsigned bits;
  unsigned mantissa;
  int least_exponent;  // of normal numbers
  u64 max;             // code of the largest number
  u64 over;            // code of what overflows; max for formats without Inf and NaN
  u64 nan;             // code; max for the same
  bool signed_specials;

  u64 sign() const { return u64{1} << (bits - 1); }
  u64 signed_code(u64 code, bool negative) const {
    return code | (negative && signed_specials ? sign() : 0);
  }
  double value(u64 code) const { return APFloat(semantics, APInt(bits, code)).convertToDouble(); }
  bool is_nan(u64 code) const { return APFloat(semantics, APInt(bits, code)).isNaN(); }

  // Nearest even; past the largest number, `over`, or max where `saturate` is set.
  u64 encode(double x, bool saturate) const {
    const bool negative = std::signbit(x);
    if (std::isnan(x)) return signed_code(nan, negative);
    const double size = std::fabs(x);
    const double step = ulp(size);
    return finish(std::nearbyint(size / step) * step, negative, saturate);
  }
  // Random bits added below the last kept place, what is below them cut off before.
  u64 encode_stochastic(double x, uint32_t random, bool saturate) const {
    const bool negative = std::signbit(x);
    if (std::isnan(x)) return signed_code(nan, negative);
    if (std::isinf(x)) return beyond(negative, saturate);
    const int extra = 23 - int(mantissa);
    const double scale = std::ldexp(1.0, extra), size = std::fabs(x), step = ulp(size);
    const double kept = std::floor(size / step * scale) / scale;
    const double sum = kept + double(random >> (32 - extra)) / scale;
    return finish(std::floor(sum) * step, negative, saturate);
  }

 private:
  double ulp(double size) const {
    const int e = size == 0 || std::isinf(size) ? least_exponent : std::ilogb(size);
    return std::ldexp(1.0, std::max(e, least_exponent) - int(mantissa));
  }
  u64 beyond(bool negative, bool saturate) const {
    return saturate ? max | (negative ? sign() : 0) : signed_code(over, negative);
  }
  // Of a magnitude that is representable or too large.
  u64 finish(double size, bool negative, bool saturate) const {
    if (size > value(max)) return beyond(negative, saturate);
    APFloat r(size);
    bool loses = false;
    r.convert(semantics, RoundingMode::NearestTiesToEven, &loses);
    const u64 code = r.bitcastToAPInt().getZExtValue();
    return signed_specials || code != 0 ? code | (negative ? sign() : 0) : 0;
  }
};

inline const Small kSmall942[] = {
    {"fp8", APFloat::Float8E4M3FNUZ(), 8, 3, -7, 0x7f, 0x80, 0x80, false},
    {"bf8", APFloat::Float8E5M2FNUZ(), 8, 2, -15, 0x7f, 0x80, 0x80, false},
};
inline const Small kSmall950[] = {
    {"fp8", APFloat::Float8E4M3FN(), 8, 3, -6, 0x7e, 0x7f, 0x7f, true},
    {"bf8", APFloat::Float8E5M2(), 8, 2, -14, 0x7b, 0x7c, 0x7f, true},
    {"fp6", APFloat::Float6E2M3FN(), 6, 3, 0, 0x1f, 0x1f, 0x1f, true},
    {"bf6", APFloat::Float6E3M2FN(), 6, 2, -2, 0x1f, 0x1f, 0x1f, true},
    {"fp4", APFloat::Float4E2M1FN(), 4, 1, 0, 0x7, 0x7, 0x7, true},
};

}  // namespace wavefuzz::sim::opcode

#endif  // WAVEFUZZ_GPU_SIM_OPCODE_TEST_SMALL_FLOAT_H_

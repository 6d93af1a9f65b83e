// bf16 and f16 against LLVM's APFloat.
#include "quant/float16.h"

#include <gtest/gtest.h>
#include <llvm/ADT/APFloat.h>
#include <llvm/ADT/APInt.h>

#include <cmath>
#include <vector>

namespace wavefuzz::quant {
namespace {

using llvm::APFloat;
using llvm::APInt;

uint32_t bits_of(float x) { return __builtin_bit_cast(uint32_t, x); }
float float_of(uint32_t bits) { return __builtin_bit_cast(float, bits); }

uint32_t widened(const llvm::fltSemantics& from, uint16_t code) {
  APFloat value(from, APInt(16, code));
  bool loses_info;
  value.convert(APFloat::IEEEsingle(), APFloat::rmNearestTiesToEven, &loses_info);
  return static_cast<uint32_t>(value.bitcastToAPInt().getZExtValue());
}

uint16_t narrowed(const llvm::fltSemantics& to, uint32_t bits, APFloat::roundingMode mode) {
  APFloat value(APFloat::IEEEsingle(), APInt(32, bits));
  bool loses_info;
  value.convert(to, mode, &loses_info);
  return static_cast<uint16_t>(value.bitcastToAPInt().getZExtValue());
}

// Every value of the format, every midpoint of neighbours and two patterns on either side of each,
// both signs; then the ends of float and NaNs with and without low payload.
std::vector<uint32_t> boundary_inputs(const llvm::fltSemantics& format, uint16_t infinity) {
  std::vector<uint32_t> inputs;
  for (int code = 0; code < infinity; ++code) {
    const double low = float_of(widened(format, code));
    const double high = code + 1 == infinity ? 2 * low - float_of(widened(format, code - 1))
                                             : float_of(widened(format, code + 1));
    for (double centre : {low, (low + high) / 2}) {
      for (int delta = -2; delta <= 2; ++delta) {
        const uint32_t bits = bits_of(static_cast<float>(centre)) + delta;
        if (bits <= 0x7F800000u) inputs.insert(inputs.end(), {bits, bits | 0x80000000u});
      }
    }
  }
  for (uint32_t bits : {0x7F7FFFFFu, 0x7F800000u, 0x7F800001u, 0x7F80FFFFu, 0x7FA00000u,
                        0x7FC00000u, 0x7FFFFFFFu, 0x00000001u, 0x007FFFFFu})
    inputs.insert(inputs.end(), {bits, bits | 0x80000000u});
  return inputs;
}

TEST(Bf16, DecodesEveryCode) {
  for (int code = 0; code < 65536; ++code) {
    const APFloat expected(APFloat::BFloat(), APInt(16, code));
    if (expected.isNaN()) {
      ASSERT_EQ(bits_of(decode_bf16(code)), uint32_t(code) << 16);
    } else {
      ASSERT_EQ(bits_of(decode_bf16(code)), widened(APFloat::BFloat(), code)) << code;
    }
  }
}

TEST(F16, DecodesEveryCode) {
  for (int code = 0; code < 65536; ++code)
    ASSERT_EQ(bits_of(decode_f16(code)), widened(APFloat::IEEEhalf(), code)) << code;
}

TEST(Bf16, EncodesEveryBoundary) {
  for (uint32_t bits : boundary_inputs(APFloat::BFloat(), 0x7F80))
    ASSERT_EQ(encode_bf16(float_of(bits)),
              narrowed(APFloat::BFloat(), bits, APFloat::rmNearestTiesToEven))
        << std::hex << bits;
}

TEST(F16, EncodesEveryBoundary) {
  for (uint32_t bits : boundary_inputs(APFloat::IEEEhalf(), 0x7C00))
    ASSERT_EQ(encode_f16(float_of(bits)),
              narrowed(APFloat::IEEEhalf(), bits, APFloat::rmNearestTiesToEven))
        << std::hex << bits;
}

TEST(Bf16, HalfAwayDiffersAtTiesAndNansOnly) {
  for (uint32_t bits : boundary_inputs(APFloat::BFloat(), 0x7F80)) {
    const uint16_t expected = std::isnan(float_of(bits))
                                  ? 0x7FFF
                                  : narrowed(APFloat::BFloat(), bits, APFloat::rmNearestTiesToAway);
    ASSERT_EQ(encode_bf16_half_away(float_of(bits)), expected) << std::hex << bits;
  }
  EXPECT_EQ(encode_bf16(1.00390625f), 0x3F80);  // 1 + 2^-8, half way to the next bf16
  EXPECT_EQ(encode_bf16_half_away(1.00390625f), 0x3F81);
}

TEST(F16, OverflowsFrom65520) {
  EXPECT_EQ(encode_f16(65519.996f), 0x7BFF);
  EXPECT_EQ(encode_f16(65520.0f), 0x7C00);
}

}  // namespace
}  // namespace wavefuzz::quant

#include "quant/ue8m0.h"

#include <gtest/gtest.h>
#include <llvm/ADT/APFloat.h>
#include <llvm/ADT/APInt.h>

#include <cmath>
#include <limits>

namespace wavefuzz::quant {
namespace {

TEST(Ue8m0, DecodesEveryCodeAsApfloatDoes) {
  for (int code = 0; code < 255; ++code) {
    const llvm::APFloat value(llvm::APFloat::Float8E8M0FNU(), llvm::APInt(8, code));
    EXPECT_EQ(decode_ue8m0(code), std::ldexp(1.0f, code - 127)) << code;
    EXPECT_EQ(decode_ue8m0(code), value.convertToDouble()) << code;
  }
  EXPECT_TRUE(std::isnan(decode_ue8m0(0xFF)));
}

TEST(Ue8m0, EncodeInvertsDecode) {
  for (int code = 0; code < 256; ++code) EXPECT_EQ(encode_ue8m0(decode_ue8m0(code)), code);
}

TEST(Ue8m0, EncodeReadsTheExponentField) {
  EXPECT_EQ(encode_ue8m0(1.99f), 127);
  EXPECT_EQ(encode_ue8m0(0.0f), 0);
  EXPECT_EQ(encode_ue8m0(std::numeric_limits<float>::infinity()), 0xFF);
}

// Against the definition by search: the least power of two not below x.
TEST(Ue8m0, RoundsUpAtEveryPowerOfTwo) {
  for (int exponent = -126; exponent <= 127; ++exponent) {
    const float power = std::ldexp(1.0f, exponent);
    for (float x :
         {std::nextafterf(power, 0.0f), power, std::nextafterf(power, INFINITY), power * 1.5f}) {
      int least = -126;
      while (least < 127 && std::ldexp(1.0, least) < double(x)) ++least;
      EXPECT_EQ(round_up_to_power_of_two(x), std::ldexp(1.0f, least)) << std::hexfloat << x;
    }
  }
}

TEST(Ue8m0, RoundUpClampsToNormalFloats) {
  EXPECT_EQ(round_up_to_power_of_two(0.0f), 0x1p-126f);
  EXPECT_EQ(round_up_to_power_of_two(0x1p-149f), 0x1p-126f);
  EXPECT_EQ(round_up_to_power_of_two(std::numeric_limits<float>::max()), 0x1p127f);
  EXPECT_EQ(round_up_to_power_of_two(std::numeric_limits<float>::infinity()), 0x1p127f);
}

}  // namespace
}  // namespace wavefuzz::quant

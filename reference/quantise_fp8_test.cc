// Codes against a search of all 256 for the nearest, ties to the even code, in 128-bit floats;
// scales by hand.
#include "reference/quantise_fp8.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace wavefuzz::reference {
namespace {

using quant::Fp8;
using Wide = __float128;

/// Sign, 4 exponent bits, 3 mantissa bits; NaN as the formats say.
double fp8_value(Fp8 format, int code) {
  const int exponent = code >> 3 & 15, mantissa = code & 7;
  const bool fnuz = format == Fp8::kE4m3fnuz;
  if (fnuz ? code == 0x80 : (code & 0x7F) == 0x7F) return std::nan("");
  const int bias = fnuz ? 8 : 7;
  const double magnitude = exponent == 0 ? std::ldexp(mantissa, -2 - bias)
                                         : std::ldexp(8 + mantissa, exponent - bias - 3);
  return code & 0x80 ? -magnitude : magnitude;
}

/// The code nearest to the f32 quotient, saturated.
int nearest(Fp8 format, float quotient) {
  int best = -1;
  Wide best_distance = 0;
  for (int code = 0; code < 256; ++code) {
    const double value = fp8_value(format, code);
    if (std::isnan(value) || std::signbit(value) != std::signbit(quotient)) continue;
    const Wide difference = static_cast<Wide>(value) - quotient;
    const Wide distance = difference < 0 ? -difference : difference;
    if (best < 0 || distance < best_distance || (distance == best_distance && code % 2 == 0)) {
      best = code;
      best_distance = distance;
    }
  }
  if (format == Fp8::kE4m3fnuz && fp8_value(format, best) == 0) return 0;
  return best < 0 ? 0 : best;
}

std::vector<float> values(size_t count, int spread) {
  std::vector<float> out;
  uint32_t hash = 12345;
  for (size_t i = 0; i < count; ++i) {
    hash = hash * 1664525u + 1013904223u;
    out.push_back(std::ldexp(static_cast<float>(static_cast<int32_t>(hash) >> 16) / 256.0f,
                             static_cast<int>(hash >> 8 & 15) % spread - spread / 2));
  }
  return out;
}

TEST(QuantiseFp8, CodesAreTheNearest) {
  for (const Fp8 format : {Fp8::kE4m3fn, Fp8::kE4m3fnuz}) {
    const float divisor = format == Fp8::kE4m3fn ? 448.0f : 224.0f;
    const quant::ScaleRule rule = {format, quant::kCastHipSaturating, divisor};
    const std::vector<float> x = values(6 * 300, 12);
    for (const Granularity g :
         {Granularity::kToken, Granularity::kGroup, Granularity::kTensor, Granularity::kStatic}) {
      const QuantisedRows out = quantise_rows(x, 300, 128, g, rule, 0.25f);
      ASSERT_EQ(out.codes.size(), x.size());
      for (size_t i = 0; i < x.size(); ++i) {
        const size_t row = i / 300, column = i % 300;
        const float scale = g == Granularity::kStatic   ? 0.25f
                            : g == Granularity::kTensor ? out.scales[0]
                            : g == Granularity::kToken  ? out.scales[row]
                                                        : out.scales[row * 3 + column / 128];
        ASSERT_EQ(out.codes[i], nearest(format, x[i] / scale)) << i;
      }
    }
  }
}

TEST(QuantiseFp8, EachGroupHasTheScaleOfItsLargest) {
  const quant::ScaleRule rule = {Fp8::kE4m3fn, quant::kCastHipSaturating, 448.0f};
  const std::vector<float> x = {448, 1, 2, -896, 0, 0, 0, 0, 1792, 0};
  EXPECT_EQ(quantise_rows(x, 5, 2, Granularity::kGroup, rule).scales,
            (std::vector<float>{1, 2, 1e-4f / 448, 1e-4f / 448, 4, 1e-4f / 448}));
  EXPECT_EQ(quantise_rows(x, 5, 2, Granularity::kToken, rule).scales, (std::vector<float>{2, 4}));
  EXPECT_EQ(quantise_rows(x, 5, 2, Granularity::kTensor, rule).scales, std::vector<float>{4});
  EXPECT_TRUE(quantise_rows(x, 5, 2, Granularity::kStatic, rule).scales.empty());
  const auto ue8m0 = quant::with_ue8m0(rule);
  EXPECT_EQ(quantise_rows(std::vector<float>{448, 449}, 1, 1, Granularity::kToken, ue8m0).scales,
            (std::vector<float>{1, 2}));
}

TEST(QuantiseFp8, OverflowIsAsTheRuleSays) {
  const std::vector<float> x = {464, 465, std::numeric_limits<float>::infinity(), std::nanf("")};
  quant::ScaleRule rule = {Fp8::kE4m3fn, quant::kCastHipSaturating, 448.0f};
  EXPECT_EQ(quantise_rows(x, 4, 4, Granularity::kStatic, rule).codes,
            (std::vector<uint8_t>{0x7E, 0x7E, 0x7F, 0x7F}));
  rule.cast = quant::kCastPyTorch;
  EXPECT_EQ(quantise_rows(x, 4, 4, Granularity::kStatic, rule).codes,
            (std::vector<uint8_t>{0x7E, 0x7F, 0x7F, 0x7F}));
}

TEST(QuantiseFp8, ANaNOfTheArithmeticHasTheSignOfAmdsInstructions) {
  const float infinity = std::numeric_limits<float>::infinity();
  QuantiseRule rule = quant::ScaleRule{Fp8::kE4m3fn, quant::kCastPyTorch, 448.0f};
  ASSERT_EQ(rule.scale.cast.nan, quant::NanInput::kSignedNan);
  rule.scale.quantise_by = quant::Divide::kReciprocal;  // v_mul_f32: 0 * inf is +NaN
  EXPECT_EQ(quantise(0.0f, 0.0f, rule), 0x7F);
  EXPECT_EQ(quantise(-infinity, infinity, rule), 0x7F);
  rule.scale.quantise_by = quant::Divide::kDivide;  // v_div_fixup_f32: 0 / 0 is -NaN
  EXPECT_EQ(quantise(0.0f, 0.0f, rule), 0xFF);
  EXPECT_EQ(quantise(infinity, infinity, rule), 0xFF);
  // An input keeps its own.
  EXPECT_EQ(quantise(std::copysign(std::nanf(""), 1.0f), 1.0f, rule), 0x7F);
  EXPECT_EQ(quantise(std::copysign(std::nanf(""), -1.0f), 1.0f, rule), 0xFF);
}

TEST(QuantiseFp8, NaNGoesWhereTheRuleSays) {
  QuantiseRule rule = quant::ScaleRule{Fp8::kE4m3fnuz, quant::kCastHipSaturating, 224.0f};
  const auto code = [&](NanTo nan) {
    rule.nan = nan;
    return quantise(std::nanf(""), 1.0f, rule);
  };
  EXPECT_EQ(code(NanTo::kAsCast), 0x80);
  EXPECT_EQ(code(NanTo::kMinusMax), 0xFF);  // -240
  EXPECT_EQ(code(NanTo::kDivisor), 0x7E);   // 224
  EXPECT_EQ(code(NanTo::kMinusDivisor), 0xFE);
}

}  // namespace
}  // namespace wavefuzz::reference

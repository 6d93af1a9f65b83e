// Scale rules against exact arithmetic: products of a float and a divisor of at most 9 bits are
// exact in double, so that "the nearest float to a/M" is decided without rounding.
#include "quant/scale.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>

namespace wavefuzz::quant {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

bool has_even_significand(float x) { return (__builtin_bit_cast(uint32_t, x) & 1) == 0; }

// Whether s is the float nearest to a/m (ties to even). a, s and its neighbours normal; m of 9
// bits.
bool is_nearest_quotient(float s, float a, float m) {
  const double error = std::abs(double(s) * m - a);
  const double above = std::abs(double(std::nextafterf(s, kInf)) * m - a);
  const double below = std::abs(double(std::nextafterf(s, 0.0f)) * m - a);
  if (error == above || error == below) return has_even_significand(s);
  return error < above && error < below;
}

// The least power of two not below x, by search.
float power_of_two_at_least(float x) {
  int exponent = -126;
  while (std::ldexp(1.0, exponent) < double(x)) ++exponent;
  return std::ldexp(1.0f, exponent);
}

struct Preset {
  const char* name;
  ScaleRule rule;
  float zero_row;   // scale of an all-zero row
  float scale_448;  // scale of amax 448
  int code_1000;    // codes of 1000, +Inf and -NaN under scale 1
  int code_inf;
  int code_nan;
  int code_tiny;  // code of -2^-40 under scale 1
};

// Scales by rational arithmetic, rounded once for a division and after each step for a reciprocal;
// codes from the table of implementations in fp8.h.
const Preset kPresets[] = {
    {"kVllmIndexerTritonFn", kVllmIndexerTritonFn, 2.2321429e-7f, 1.0f, 0x7E, 0x7E, 0xFF, 0x80},
    {"kVllmIndexerTritonFnuz", kVllmIndexerTritonFnuz, 4.4642857e-7f, 2.0f, 0x80, 0x80, 0x80, 0x00},
    {"kVllmIndexerCuda", kVllmIndexerCuda, 2.2321429e-7f, 1.0f, 0x7E, 0x7E, 0x7F, 0x80},
    {"kVllmIndexerHipFn", kVllmIndexerHipFn, 2.2321429e-7f, 1.0f, 0x7E, 0x7F, 0xFF, 0x80},
    {"kVllmIndexerHipFnuz", kVllmIndexerHipFnuz, 4.4642857e-7f, 2.0f, 0x7F, 0x80, 0x80, 0x00},
    {"kAiterIndexerFn", kAiterIndexerFn, 2.2321429e-7f, 1.0f, 0x7E, 0x7F, 0xFF, 0x80},
    {"kAiterIndexerFnuz", kAiterIndexerFnuz, 4.1666667e-7f, 448.0f / 240, 0x7F, 0x80, 0x80, 0x00},
    {"kAiterIndexerTestFn", kAiterIndexerTestFn, 0.0f, 1.0f, 0x7F, 0x7F, 0xFF, 0x80},
    {"kAiterIndexerTestFnuz", kAiterIndexerTestFnuz, 0.0f, 448.0f / 240, 0x80, 0x80, 0x80, 0x00},
    {"kAiterIndexerQueryFn", kAiterIndexerQueryFn, 2.23214296e-13f, 1.0f, 0x7E, 0x7F, 0xFF, 0x80},
    {"kAiterIndexerQueryFnuz", kAiterIndexerQueryFnuz, 4.16666701e-13f, 1.8666668f, 0x7F, 0x80,
     0x80, 0x00},
    {"kDeepGemmTest", kDeepGemmTest, 2.2321429e-7f, 1.0f, 0x7F, 0x7F, 0xFF, 0x80},
    {"kVllmMlaFn", kVllmMlaFn, 1.17549435e-38f, 1.0f, 0x7E, 0x7E, 0x7F, 0x80},
    {"kVllmMlaFnuz", kVllmMlaFnuz, 1.17549435e-38f, 2.0f, 0x7F, 0x80, 0x80, 0x00},
    {"kVllmMla49435", kVllmMla49435, 0x1p-13f, 1.0f, 0x7E, 0x7E, 0x7F, 0x80},
    {"kFlashMlaTest", kFlashMlaTest, 0x1p-13f, 1.0f, 0x7F, 0x7F, 0xFF, 0x80},
    {"kVllmV4MlaFn", kVllmV4MlaFn, 0x1p-22f, 1.0f, 0x7E, 0x7E, 0x7F, 0x80},
    {"kVllmV4MlaFnuz", kVllmV4MlaFnuz, 0x1p-21f, 2.0f, 0x7E, 0x7E, 0x80, 0x00},
};

TEST(ScalePresets, DoWhatTheirNamesakesDo) {
  for (const Preset& p : kPresets) {
    EXPECT_EQ(scale_from_amax(0.0f, p.rule), p.zero_row) << p.name;
    EXPECT_FLOAT_EQ(scale_from_amax(448.0f, p.rule), p.scale_448) << p.name;
    EXPECT_EQ(quantise(1000.0f, 1.0f, p.rule), p.code_1000) << p.name;
    EXPECT_EQ(quantise(kInf, 1.0f, p.rule), p.code_inf) << p.name;
    EXPECT_EQ(quantise(-kNan, 1.0f, p.rule), p.code_nan) << p.name;
    EXPECT_EQ(quantise(-0x1p-40f, 1.0f, p.rule), p.code_tiny) << p.name;
  }
}

TEST(ScaleFromAmax, Ue8m0Floors) {
  EXPECT_EQ(scale_from_amax(0.0f, with_ue8m0(kVllmIndexerTritonFn)), 0x1p-22f);
  EXPECT_EQ(scale_from_amax(0.0f, with_ue8m0(kVllmIndexerTritonFnuz)), 0x1p-21f);
  EXPECT_EQ(scale_from_amax(0.0f, with_ue8m0(kAiterIndexerFnuz)), 0x1p-21f);
  EXPECT_EQ(scale_from_amax(0.0f, with_ue8m0(kAiterIndexerTestFn)), 0x1p-126f);  // no floor
}

TEST(ScaleFromAmax, Ue8m0ByLogarithmDiffersAtInfinityOnly) {
  ScaleRule log2 = with_ue8m0(kVllmIndexerTritonFn);
  log2.scale_rounding = ScaleRounding::kUe8m0Log2;
  for (const float amax : {0.0f, 1.0f, 448.0f, 449.0f, 3e38f})
    EXPECT_EQ(scale_from_amax(amax, log2), scale_from_amax(amax, with_ue8m0(kVllmIndexerTritonFn)));
  EXPECT_EQ(scale_from_amax(kInf, log2), kInf);
  EXPECT_EQ(scale_from_amax(kInf, with_ue8m0(kVllmIndexerTritonFn)), 0x1p127f);
}

// Before the division the floor acts on amax up to 1e-4, after it on amax up to 448e-4.
TEST(ScaleFromAmax, FloorBeforeAndAfterTheDivision) {
  EXPECT_EQ(scale_from_amax(0.03f, with_ue8m0(kVllmIndexerCuda)), 0x1p-13f);
  EXPECT_EQ(scale_from_amax(0.003f, with_ue8m0(kVllmIndexerCuda)), 0x1p-17f);
  EXPECT_EQ(scale_from_amax(0.03f, kVllmMla49435), 0x1p-13f);
  EXPECT_EQ(scale_from_amax(0.003f, kVllmMla49435), 0x1p-13f);
}

// For every bf16 amax above the floor.
TEST(ScaleFromAmax, IsTheNearestQuotient) {
  for (const ScaleRule& rule : {kVllmIndexerTritonFn, kVllmIndexerTritonFnuz, kAiterIndexerFnuz}) {
    for (int code = 0x3900; code < 0x7F80; ++code) {
      const float amax = decode_bf16(code);
      ASSERT_GT(amax, 1e-4f);
      const float scale = scale_from_amax(amax, rule);
      ASSERT_TRUE(is_nearest_quotient(scale, amax, rule.divisor)) << std::hexfloat << amax;
      ASSERT_EQ(scale_from_amax(amax, with_ue8m0(rule)), power_of_two_at_least(scale))
          << std::hexfloat << amax;
    }
  }
}

// amax * (1/240) is not always the nearest to amax / 240.
TEST(ScaleFromAmax, ByReciprocalRoundsTwice) {
  int differs = 0;
  for (int code = 0x3F80; code < 0x4000; ++code) {
    const float amax = decode_bf16(code);
    const float scale = scale_from_amax(amax, kAiterIndexerQueryFnuz);
    const double by_definition = double(amax) * double(1.0f / 240.0f);  // exact: 8 + 24 bits
    EXPECT_EQ(scale, static_cast<float>(by_definition));
    differs += !is_nearest_quotient(scale, amax, 240.0f);
  }
  EXPECT_GT(differs, 0);
}

TEST(ScaleFromAmax, NanIsReplacedByTheFloor) {
  EXPECT_EQ(scale_from_amax(kNan, kVllmIndexerTritonFn), 2.2321429e-7f);
  EXPECT_EQ(scale_from_amax(kNan, kVllmMlaFn), 0x1p-126f);
  EXPECT_TRUE(std::isnan(scale_from_amax(kNan, kAiterIndexerTestFn)));
}

// s = amax/448 rounded down lets the quotient exceed 448 by an ulp; it must still cast to 448.
TEST(Quantise, AmaxIsTheLargestCodeThoughTheQuotientMayExceedIt) {
  int exceeds = 0;
  for (int code = 0x3F80; code < 0x4000; ++code) {
    const float amax = decode_bf16(code);
    const float scale = scale_from_amax(amax, kDeepGemmTest);
    exceeds += amax / scale > 448.0f;
    EXPECT_EQ(quantise(amax, scale, kVllmIndexerTritonFn), 0x7E) << amax;
    EXPECT_EQ(quantise(-amax, scale, kDeepGemmTest), 0xFE) << amax;
  }
  EXPECT_GT(exceeds, 0);
}

// The code of x/scale decided exactly: nearest code, ties to even.
int nearest_code(float x, float scale) {
  int best = 0;
  double least = kInf;
  for (int code = 0; code <= 0x7E; ++code) {
    // |x - value * scale|: the product is exact (4 + 24 bits) and so is, here, the difference.
    const double error = std::abs(std::abs(double(x)) - double(decode(Fp8::kE4m3fn, code)) * scale);
    if (error < least || (error == least && code % 2 == 0)) {
      best = code;
      least = error;
    }
  }
  return best;
}

// Every bf16 value of 16 octaves under every mantissa of amax: division and multiplication by the
// reciprocal flip about one code in 2000, and where they do, at least one is not the nearest.
TEST(Quantise, DivisionAndReciprocalDifferRarely) {
  int64_t total = 0, differ = 0;
  for (int amax_code = 0x3F80; amax_code < 0x4000; ++amax_code) {
    const float scale = scale_from_amax(decode_bf16(amax_code), kVllmIndexerTritonFn);
    for (int code = amax_code - 16 * 128; code <= amax_code; ++code) {
      const float x = decode_bf16(code);
      const int divided = quantise(x, scale, kVllmIndexerTritonFn);
      const int multiplied = quantise(x, scale, kDeepGemmTest);
      ++total;
      if (divided == multiplied) continue;
      ++differ;
      const int nearest = nearest_code(x, scale);
      ASSERT_TRUE(divided == nearest || multiplied == nearest) << std::hexfloat << x;
      ASSERT_EQ(std::abs(divided - multiplied), 1);
    }
  }
  const double share = double(differ) / total;
  EXPECT_GT(share, 0.0001);
  EXPECT_LT(share, 0.001) << share;
}

// 1.0625 lies half way between the codes of 1 (0x38, even) and 1.125. The quotient 1.0625 / (1 -
// 2^-14) is above it by less than half's precision: rounded to half it is a tie and goes down.
TEST(Quantise, HalfQuotientRoundsTwice) {
  const float scale = 1.0f - 0x1p-14f;
  EXPECT_EQ(quantise(1.0625f, scale, kVllmIndexerHipFn), 0x39);
  EXPECT_EQ(quantise(1.0625f, scale, with_f16_quotient(kVllmIndexerHipFn)), 0x38);
  EXPECT_EQ(quantise(-1.0625f, scale, with_f16_quotient(kVllmIndexerHipFn)), 0xB8);
  // Above the tie by 2^-9, which half can hold.
  EXPECT_EQ(quantise(1.0625f + 0x1p-9f, 1.0f, with_f16_quotient(kVllmIndexerHipFn)), 0x39);
}

TEST(Quantise, ClampComesBeforeTheCast) {
  EXPECT_EQ(quantise(235.0f, 1.0f, kVllmV4MlaFnuz), 0x7E);       // 224, though 240 is nearer
  EXPECT_EQ(quantise(235.0f, 1.0f, kVllmIndexerHipFnuz), 0x7F);  // 240
  EXPECT_EQ(quantise(-kInf, 1.0f, kVllmV4MlaFnuz), 0xFE);
  EXPECT_EQ(quantise(kNan, 1.0f, kVllmV4MlaFnuz), 0x80);
}

// What the README shows.
constexpr ScaleRule kReadmeRule = with_ue8m0(kVllmIndexerTritonFnuz);
static_assert(scale_from_amax(300.0f, kReadmeRule) == 2.0f);
static_assert(quantise(300.0f, 2.0f, kReadmeRule) == 0x79);
static_assert(encode(Fp8::kE4m3fn, 1000.0f, kCastPyTorch) == 0x7F);

TEST(AmaxBf16, IsTheLargestMagnitudeAndDropsNans) {
  const uint16_t values[] = {0x3F80, 0xC080, 0x7FC0, 0x4000, 0xFFFF};  // 1, -4, NaN, 2, -NaN
  EXPECT_EQ(amax_bf16(values, 5), 4.0f);
  EXPECT_EQ(amax_bf16(values, 1), 1.0f);
  EXPECT_EQ(amax_bf16(values + 2, 1), 0.0f);
  EXPECT_EQ(amax_bf16(values, 0), 0.0f);
  const uint16_t with_inf[] = {0x3F80, 0xFF80};
  EXPECT_EQ(amax_bf16(with_inf, 2), kInf);
}

}  // namespace
}  // namespace wavefuzz::quant

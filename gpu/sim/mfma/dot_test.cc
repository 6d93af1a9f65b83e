// The scalar definition against vectors worked by hand from the rules' text and against the exact
// model.
#include "gpu/sim/mfma/dot.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "gpu/sim/mfma/exact_model.h"
#include "gpu/sim/mfma/random_codes.h"
#include "quant/float16.h"

namespace wavefuzz::sim::mfma {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();
const float kNan = std::numeric_limits<float>::quiet_NaN();

uint32_t bits_of(float x) { return std::bit_cast<uint32_t>(x); }
float float_of(uint32_t x) { return std::bit_cast<float>(x); }

uint32_t bf16(float x) { return quant::encode_bf16(x); }
uint32_t f16(float x) { return quant::encode_f16(x); }
uint32_t fp8(float x) { return quant::encode(quant::Fp8::kE4m3fnuz, x, quant::kCastPyTorch); }
uint32_t bf8(float x) { return quant::encode(quant::Fp8::kE5m2fnuz, x, quant::kCastPyTorch); }

// a . b + c with everything after the given elements zero, K = 8 (bf16, f16) or 32 (fp8, bf8).
uint32_t bf16_dot(std::vector<float> a, std::vector<float> b, float c) {
  std::vector<uint32_t> x(8), y(8);
  for (size_t i = 0; i < a.size(); ++i) x[i] = bf16(a[i]), y[i] = bf16(b[i]);
  return dot(kGfx942F16, {Element::kBf16, x.data()}, {Element::kBf16, y.data()}, 8, bits_of(c));
}
uint32_t fp8_dot(std::vector<float> a, std::vector<float> b, float c) {
  std::vector<uint32_t> x(32), y(32);
  for (size_t i = 0; i < a.size(); ++i) x[i] = fp8(a[i]), y[i] = fp8(b[i]);
  return dot(kGfx942Fp8, {Element::kE4m3fnuz, x.data()}, {Element::kE4m3fnuz, y.data()}, 32,
             bits_of(c));
}
uint32_t bf8_dot(std::vector<float> a, std::vector<float> b, float c) {
  std::vector<uint32_t> x(32), y(32);
  for (size_t i = 0; i < a.size(); ++i) x[i] = bf8(a[i]), y[i] = bf8(b[i]);
  return dot(kGfx942Fp8, {Element::kE5m2fnuz, x.data()}, {Element::kE5m2fnuz, y.data()}, 32,
             bits_of(c));
}

TEST(ByHand, ASmallNegativeCPullsA16BitSumDown) {
  // S = 1 and E = 0: -1e-30 becomes L_24 = -2^-24, half an ulp below 1, which is representable.
  EXPECT_EQ(bf16_dot({1}, {1}, -1e-30f), 0x3F7FFFFFu);
  EXPECT_EQ(bf16_dot({1}, {1}, +1e-30f), 0x3F800000u);
  EXPECT_EQ(bf16_dot({1}, {1}, -std::ldexp(1.0f, -149)), 0x3F7FFFFFu);
}

TEST(ByHand, AnFp8SumDropsCMoreThan25BinadesBelow) {
  EXPECT_EQ(fp8_dot({1}, {1}, -std::ldexp(1.0f, -25)), 0x3F7FFFFFu);
  EXPECT_EQ(fp8_dot({1}, {1}, -std::ldexp(1.0f, -26)), 0x3F800000u);
  EXPECT_EQ(fp8_dot({1}, {1}, -1e-30f), 0x3F800000u);
  EXPECT_EQ(fp8_dot({1}, {1}, +1e-30f), 0x3F800000u);
}

TEST(ByHand, ProductsAreCutTowardZeroAt24BitsOfTheLargest) {
  // 256 - 2^-17: relative to 2^8 the second product is 2^-25, cut to zero.
  EXPECT_EQ(bf16_dot({16, std::ldexp(1.0f, -9)}, {16, -std::ldexp(1.0f, -8)}, 0), bits_of(256));
  // 2^-16 is one ulp below 256, and 2^-24 of it.
  EXPECT_EQ(bf16_dot({16, std::ldexp(1.0f, -8)}, {16, -std::ldexp(1.0f, -8)}, 0),
            bits_of(256 - std::ldexp(1.0f, -16)));
}

TEST(ByHand, ACutProductNeverComesBack) {
  // 2^10 * 2^10 - 2^20 + 2^-5: a fused sum in real numbers would be 2^-5. Relative to 2^20 it is
  // 2^-25.
  EXPECT_EQ(bf16_dot({1024, -1024, std::ldexp(1.0f, -5)}, {1024, 1024, 1}, 0), 0u);
  EXPECT_EQ(bf16_dot({1024, -1024, std::ldexp(1.0f, -4)}, {1024, 1024, 1}, 0),
            bits_of(std::ldexp(1.0f, -4)));
}

TEST(ByHand, EvenAndOddProductsOfFp8AreAlignedApart) {
  const float large = 128, small = std::ldexp(1.0f, -7), tiny = std::ldexp(1.0f, -5);
  // 2^14 in k = 0 cancels in k = 2. 2^-12 in k = 4 is 2^-26 of it: cut. In k = 1, alone among the
  // odd ones, it is whole at first, but then aligned to the even sum's exponent, and L_24(2^-26) =
  // 0.
  EXPECT_EQ(fp8_dot({large, 0, -large, 0, small}, {large, 0, large, 0, tiny}, 0), 0u);
  EXPECT_EQ(fp8_dot({large, small, -large}, {large, tiny, large}, 0), 0u);
  // Negative ones tell: cut toward zero among the even, toward minus infinity across: -2^-24 *
  // 2^14.
  EXPECT_EQ(fp8_dot({large, 0, -large, 0, -small}, {large, 0, large, 0, tiny}, 0), 0u);
  EXPECT_EQ(fp8_dot({large, -small, -large}, {large, tiny, large}, 0),
            bits_of(-std::ldexp(1.0f, -10)));
}

TEST(ByHand, Fp8SumsSixteenProductsAtATime) {
  // k = 0..15, then k = 16..31: the second group no longer knows the first one's exponent.
  std::vector<float> a(32), b(32);
  a[0] = 128, b[0] = 128, a[2] = -128, b[2] = 128;
  a[16] = std::ldexp(1.0f, -7), b[16] = std::ldexp(1.0f, -7);
  EXPECT_EQ(fp8_dot(a, b, 0), bits_of(std::ldexp(1.0f, -14)));
  std::swap(a[16], a[14]), std::swap(b[16], b[14]);
  EXPECT_EQ(fp8_dot(a, b, 0), 0u);
}

TEST(ByHand, TheSumIsCutDownAt31BitsBeforeItIsRounded) {
  const float half_ulp = 0x1p-24f;  // of 1
  EXPECT_EQ(bf16_dot({half_ulp}, {1}, 1), 0x3F800000u);
  EXPECT_EQ(bf16_dot({half_ulp}, {3}, 1), 0x3F800002u);
  // A little above a tie: 2^-31 is kept and rounds up, 2^-32 is cut and leaves a tie, to even.
  EXPECT_EQ(bf16_dot({half_ulp, 0x1p-31f}, {1, 1}, 1), 0x3F800001u);
  EXPECT_EQ(bf16_dot({half_ulp, 0x1p-32f}, {1, 1}, 1), 0x3F800000u);
  // Below zero the cut goes away from it: -2^-32 becomes -2^-31.
  EXPECT_EQ(bf16_dot({-half_ulp}, {1}, -1), 0xBF800000u);
  EXPECT_EQ(bf16_dot({-half_ulp, -0x1p-32f}, {1, 1}, -1), 0xBF800001u);
}

TEST(ByHand, AProductOf2To128IsInfThoughTheSumIsNot) {
  const float big = std::ldexp(1.0f, 64), more = std::ldexp(1.0f, 63);
  EXPECT_EQ(bf16_dot({big, big}, {big, -big}, 0), kNan32);
  EXPECT_EQ(bf16_dot({big}, {big}, -std::ldexp(1.0f, 127)), bits_of(kInf));
  EXPECT_EQ(bf16_dot({1.5f * more}, {1.5f * big}, -std::ldexp(1.0f, 127)), bits_of(kInf));
  // 2^127 + 2^127 is the sum's own overflow, and with C it is none.
  EXPECT_EQ(bf16_dot({more, more}, {big, big}, 0), bits_of(kInf));
  EXPECT_EQ(bf16_dot({more, more}, {big, big}, -std::ldexp(1.0f, 127)),
            bits_of(std::ldexp(1.0f, 127)));
}

TEST(ByHand, Specials) {
  EXPECT_EQ(bf16_dot({kInf}, {1}, 0), bits_of(kInf));
  EXPECT_EQ(bf16_dot({kInf}, {-2}, 5), bits_of(-kInf));
  EXPECT_EQ(bf16_dot({kInf}, {0}, 0), kNan32);
  EXPECT_EQ(bf16_dot({kInf, kInf}, {1, -1}, 0), kNan32);
  EXPECT_EQ(bf16_dot({kInf}, {1}, -kInf), kNan32);
  EXPECT_EQ(bf16_dot({1}, {1}, -kInf), bits_of(-kInf));
  EXPECT_EQ(bf16_dot({1}, {1}, kNan), kNan32);
  EXPECT_EQ(bf16_dot({kNan}, {0}, kInf), kNan32);
  // In the first group of fp8, however large the second is, and whatever C is.
  std::vector<float> a(32), b(32);
  a[31] = b[31] = 49152;
  a[0] = kNan;
  EXPECT_EQ(bf8_dot(a, b, 0), kNan32);
  a[0] = 0;
  EXPECT_EQ(bf8_dot(a, b, kInf), bits_of(kInf));
}

TEST(ByHand, Subnormals) {
  // f16's least, 2^-24, times 1; bf16's 2^-133 against C's.
  const uint32_t least[8] = {1}, one[8] = {f16(1)};
  EXPECT_EQ(dot(kGfx942F16, {Element::kF16, least}, {Element::kF16, one}, 8, 0), bits_of(0x1p-24f));
  EXPECT_EQ(bf16_dot({0x1p-133f}, {1}, 0x1p-149f), 0x00010001u);
  EXPECT_EQ(bf16_dot({0x1p-100f}, {0x1p-40f}, 0), 1u << 9);
  // A negative sum that rounds to zero keeps its sign; an exact zero is +0.
  EXPECT_EQ(bf16_dot({-0x1p-100f}, {0x1p-100f}, 0), 0x80000000u);
  EXPECT_EQ(bf16_dot({0x1p-100f}, {0x1p-100f}, 0), 0u);
  EXPECT_EQ(bf16_dot({0}, {-1}, -0.0f), 0u);
}

TEST(ByHand, Xf32DropsThirteenBitsOfEachFactor) {
  const uint32_t a[4] = {0x3F801FFF}, b[4] = {0xBF803FFF};  // 1 and -(1 + 2^-10)
  EXPECT_EQ(dot(kGfx942Xf32, {Element::kF32, a}, {Element::kF32, b}, 4, 0), 0xBF802000u);
}

TEST(ByHand, BlockScalesMultiplyByPowersOfTwo) {
  std::vector<uint32_t> a(64), b(64);
  a[0] = b[0] = a[32] = b[32] = 0x38;  // e4m3fn 1.0
  const uint8_t up[2] = {127 + 3, 127}, down[2] = {127, 127 - 1};
  const auto scaled = [&](const uint8_t* x, const uint8_t* y) {
    return dot(kGfx950Scaled, {Element::kE4m3fn, a.data(), x}, {Element::kE4m3fn, b.data(), y}, 64,
               0);
  };
  EXPECT_EQ(scaled(up, down), bits_of(8.5f));
  const uint8_t nan[2] = {127, 0xFF};
  EXPECT_EQ(scaled(up, nan), kNan32);
}

TEST(Fma, IsAChainInAscendingKEachRounded) {
  // 2^24 + 1 is a tie, to even; the other order keeps 2.
  const uint32_t one[4] = {bits_of(1), bits_of(1), 0, 0};
  const uint32_t b[4] = {bits_of(1), bits_of(1), 0, 0};
  EXPECT_EQ(dot_f32(one, b, 4, bits_of(0x1p24f)), bits_of(0x1p24f));
  // One rounding per step: (1 + 2^-12)^2 - (1 + 2^-11) = 2^-24.
  const uint32_t x[1] = {bits_of(1 + 0x1p-12f)};
  EXPECT_EQ(dot_f32(x, x, 1, bits_of(-1 - 0x1p-11f)), bits_of(0x1p-24f));
  const uint64_t y[1] = {std::bit_cast<uint64_t>(1 + 0x1p-27)};
  EXPECT_EQ(dot_f64(y, y, 1, std::bit_cast<uint64_t>(-1 - 0x1p-26)),
            std::bit_cast<uint64_t>(0x1p-54));
}

TEST(Integer, IsSignedAndWraps) {
  const uint32_t a[2] = {0x80, 0x7F}, b[2] = {0x80, 0xFF};
  EXPECT_EQ(dot_i8(a, b, 2, 0), uint32_t(16384 - 127));
  EXPECT_EQ(dot_i8(a, b, 1, 0x7FFFFFFF), 0x7FFFFFFFu + 16384);
}

// --- Against the exact model --------------------------------------------------------------------

struct Case {
  std::string name;
  SumRule rule;
  Element a, b;
  int k;
};

void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }

std::vector<Case> cases() {
  using enum Element;
  std::vector<Case> all = {
      {"f16_k16", kGfx942F16, kF16, kF16, 16},       {"f16_k8", kGfx942F16, kF16, kF16, 8},
      {"f16_k4", kGfx942F16, kF16, kF16, 4},         {"bf16_k16", kGfx942F16, kBf16, kBf16, 16},
      {"bf16_k8", kGfx942F16, kBf16, kBf16, 8},      {"bf16_k4", kGfx942F16, kBf16, kBf16, 4},
      {"xf32_k8", kGfx942Xf32, kF32, kF32, 8},       {"xf32_k4", kGfx942Xf32, kF32, kF32, 4},
      {"bf16_k32", kGfx950F16Wide, kBf16, kBf16, 32}};
  for (const auto& [name, a, b] :
       {std::tuple{"fnuz_88", kE4m3fnuz, kE4m3fnuz}, std::tuple{"fnuz_85", kE4m3fnuz, kE5m2fnuz},
        std::tuple{"fnuz_58", kE5m2fnuz, kE4m3fnuz}, std::tuple{"fnuz_55", kE5m2fnuz, kE5m2fnuz},
        std::tuple{"ocp_44", kE4m3fn, kE4m3fn}, std::tuple{"ocp_45", kE4m3fn, kE5m2},
        std::tuple{"ocp_55", kE5m2, kE5m2}}) {
    all.push_back({name + std::string("_k32"), kGfx942Fp8, a, b, 32});
    all.push_back({name + std::string("_k16"), kGfx942Fp8, a, b, 16});
  }
  for (const auto& [name, a, b] :
       {std::tuple{"fp8_fp6", kE4m3fn, kE2m3}, std::tuple{"bf6_bf8", kE3m2, kE5m2},
        std::tuple{"fp4_fp4", kE2m1, kE2m1}, std::tuple{"fp6_fp4", kE2m3, kE2m1}})
    all.push_back({name + std::string("_k64"), kGfx950F8f6f4, a, b, 64});
  // The other candidates named for gfx950 are values of the same parameters.
  SumRule rule = kGfx950F16Wide;
  rule.group = 32;
  all.push_back({"bf16_one_group_of_32", rule, kBf16, kBf16, 32});
  rule = kGfx950F8f6f4;
  rule.group = 64, rule.product_bits = 28;
  all.push_back({"fp8_groups_of_64_with_28_bits", rule, kE4m3fn, kE5m2, 128});
  rule.even_odd = false;
  all.push_back({"fp8_groups_of_64_not_split", rule, kE5m2, kE5m2, 128});
  return all;
}

class AgainstExactModel : public testing::TestWithParam<Case> {};

TEST_P(AgainstExactModel, Equal) {
  const Case& c = GetParam();
  RandomCodes random(17);
  const int samples = 200000 / c.k;
  int finite = 0, zero = 0;
  for (int n = 0; n < samples; ++n) {
    const Sample s = random.sample(c.a, c.b, c.k, n);
    const uint32_t expected = bits_of(exact_dot(c.rule, c.a, s.a, c.b, s.b, s.c));
    const uint32_t actual = dot(c.rule, {c.a, s.a.data()}, {c.b, s.b.data()}, c.k, bits_of(s.c));
    ASSERT_TRUE(same(actual, expected)) << "sample " << n << std::hex << ": " << actual
                                        << ", exact model " << expected << ", C " << bits_of(s.c);
    finite += std::isfinite(float_of(actual));
    zero += actual << 1 == 0;
  }
  // Enough of the samples say something.
  EXPECT_GT(finite, samples / 4);
  EXPECT_LT(zero, samples / 2);
}

INSTANTIATE_TEST_SUITE_P(Rules, AgainstExactModel, testing::ValuesIn(cases()),
                         [](const auto& info) { return info.param.name; });

TEST(AgainstExactModelScaled, Equal) {
  using enum Element;
  RandomCodes random(18);
  for (const auto& [a, b] :
       {std::pair{kE4m3fn, kE4m3fn}, std::pair{kE5m2, kE2m1}, std::pair{kE2m3, kE3m2}}) {
    for (int n = 0; n < 400; ++n) {
      const Sample s = random.sample(a, b, 64, n);
      std::vector<uint8_t> x(2), y(2);
      for (uint8_t* scale : {&x[0], &x[1], &y[0], &y[1]})
        *scale = uint8_t(n % 3 == 0 ? random.below(256) : 120 + random.below(16));
      const uint32_t expected = bits_of(exact_dot(kGfx950Scaled, a, s.a, b, s.b, s.c, x, y));
      const uint32_t actual = dot(kGfx950Scaled, {a, s.a.data(), x.data()},
                                  {b, s.b.data(), y.data()}, 64, bits_of(s.c));
      ASSERT_TRUE(same(actual, expected)) << n << std::hex << ": " << actual << " " << expected;
    }
  }
}

}  // namespace
}  // namespace wavefuzz::sim::mfma

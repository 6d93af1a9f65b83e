// Float arithmetic against LLVM's APFloat, over special values, random bits, every rounding and
// denormal mode, on every host ISA.
#include <gtest/gtest.h>
#include <llvm/ADT/APFloat.h>
#include <llvm/ADT/APInt.h>

#include <array>
#include <bit>
#include <cmath>
#include <random>
#include <string>

#include "gpu/sim/testing_asm.h"

namespace wavefuzz::sim {
namespace {

using llvm::APFloat;
using llvm::APInt;

struct Format {
  const llvm::fltSemantics& semantics;
  unsigned bits;
  unsigned mantissa;
  bool wide;  // takes MODE's f16/f64 fields

  uint64_t sign() const { return uint64_t{1} << (bits - 1); }
  uint64_t infinity() const { return (sign() - 1) >> mantissa << mantissa; }
  uint64_t quiet() const { return uint64_t{1} << (mantissa - 1); }
  uint64_t default_nan() const { return infinity() | quiet(); }
  bool is_nan(uint64_t x) const { return (x & (sign() - 1)) > infinity(); }
  bool is_denormal(uint64_t x) const { return (x & infinity()) == 0 && (x & (sign() - 1)) != 0; }
  uint64_t flush(uint64_t x) const { return is_denormal(x) ? x & sign() : x; }

  // Zeros, denormals, around 1, the extremes, infinities, quiet and signalling NaNs; both signs.
  std::vector<uint64_t> specials() const {
    const uint64_t one = (infinity() >> 1) & infinity();
    const uint64_t least_normal = uint64_t{1} << mantissa;
    std::vector<uint64_t> list = {0,
                                  1,
                                  least_normal - 1,
                                  least_normal,
                                  least_normal + 1,
                                  one - 1,
                                  one,
                                  one + 1,
                                  one + (uint64_t{1} << (mantissa - 1)),
                                  one + least_normal,
                                  infinity() - 1,
                                  infinity(),
                                  infinity() | 1,
                                  default_nan() | 5};
    const size_t positive = list.size();
    for (size_t i = 0; i < positive; ++i) list.push_back(list[i] | sign());
    return list;
  }
};
const Format kF16{APFloat::IEEEhalf(), 16, 10, true};
const Format kF32{APFloat::IEEEsingle(), 32, 23, false};
const Format kF64{APFloat::IEEEdouble(), 64, 52, true};

constexpr llvm::RoundingMode kRounds[] = {
    llvm::RoundingMode::NearestTiesToEven, llvm::RoundingMode::TowardPositive,
    llvm::RoundingMode::TowardNegative, llvm::RoundingMode::TowardZero};

struct Operation {
  const char* text;  // reads v0.., v2.., v4..; writes v6..
  const Format& format;
  unsigned operands;
  void (*exact)(APFloat& a, const APFloat& b, const APFloat& c, llvm::RoundingMode round);
};
const Operation kOperations[] = {
    {"v_add_f32 v6, v0, v2", kF32, 2,
     [](APFloat& a, const APFloat& b, const APFloat&, auto r) { a.add(b, r); }},
    {"v_sub_f32 v6, v0, v2", kF32, 2,
     [](APFloat& a, const APFloat& b, const APFloat&, auto r) { a.subtract(b, r); }},
    {"v_mul_f32 v6, v0, v2", kF32, 2,
     [](APFloat& a, const APFloat& b, const APFloat&, auto r) { a.multiply(b, r); }},
    {"v_fma_f32 v6, v0, v2, v4", kF32, 3,
     [](APFloat& a, const APFloat& b, const APFloat& c, auto r) { a.fusedMultiplyAdd(b, c, r); }},
    {"v_add_f16 v6, v0, v2", kF16, 2,
     [](APFloat& a, const APFloat& b, const APFloat&, auto r) { a.add(b, r); }},
    {"v_mul_f16 v6, v0, v2", kF16, 2,
     [](APFloat& a, const APFloat& b, const APFloat&, auto r) { a.multiply(b, r); }},
    {"v_mov_b32 v6, 0\nv_fma_f16 v6, v0, v2, v4", kF16, 3,
     [](APFloat& a, const APFloat& b, const APFloat& c, auto r) { a.fusedMultiplyAdd(b, c, r); }},
    {"v_add_f64 v[6:7], v[0:1], v[2:3]", kF64, 2,
     [](APFloat& a, const APFloat& b, const APFloat&, auto r) { a.add(b, r); }},
    {"v_mul_f64 v[6:7], v[0:1], v[2:3]", kF64, 2,
     [](APFloat& a, const APFloat& b, const APFloat&, auto r) { a.multiply(b, r); }},
    {"v_fma_f64 v[6:7], v[0:1], v[2:3], v[4:5]", kF64, 3,
     [](APFloat& a, const APFloat& b, const APFloat& c, auto r) { a.fusedMultiplyAdd(b, c, r); }},
    {"v_floor_f32 v6, v0", kF32, 1,
     [](APFloat& a, const APFloat&, const APFloat&, auto) {
       a.roundToIntegral(llvm::RoundingMode::TowardNegative);
     }},
    {"v_ceil_f32 v6, v0", kF32, 1,
     [](APFloat& a, const APFloat&, const APFloat&, auto) {
       a.roundToIntegral(llvm::RoundingMode::TowardPositive);
     }},
    {"v_trunc_f32 v6, v0", kF32, 1,
     [](APFloat& a, const APFloat&, const APFloat&, auto) {
       a.roundToIntegral(llvm::RoundingMode::TowardZero);
     }},
    {"v_rndne_f32 v6, v0", kF32, 1,
     [](APFloat& a, const APFloat&, const APFloat&, auto) {
       a.roundToIntegral(llvm::RoundingMode::NearestTiesToEven);
     }},
    {"v_rndne_f64 v[6:7], v[0:1]", kF64, 1,
     [](APFloat& a, const APFloat&, const APFloat&, auto) {
       a.roundToIntegral(llvm::RoundingMode::NearestTiesToEven);
     }},
};

// The ISA's rule around the exact operation: flush inputs, operate, first NaN quieted, flush
// output.
uint64_t expected(const Operation& o, const uint64_t* in, unsigned round, unsigned denorm) {
  const Format& f = o.format;
  uint64_t x[3] = {};
  for (unsigned k = 0; k < o.operands; ++k) x[k] = denorm & 1 ? in[k] : f.flush(in[k]);
  for (unsigned k = 0; k < o.operands; ++k)
    if (f.is_nan(x[k])) return x[k] | f.quiet();
  APFloat a(f.semantics, APInt(f.bits, x[0]));
  o.exact(a, APFloat(f.semantics, APInt(f.bits, x[1])), APFloat(f.semantics, APInt(f.bits, x[2])),
          kRounds[round]);
  const uint64_t r = a.isNaN() ? f.default_nan() : a.bitcastToAPInt().getZExtValue();
  return denorm & 2 ? r : f.flush(r);
}

class Arithmetic : public testing::TestWithParam<HostIsa> {};

TEST_P(Arithmetic, MatchesApFloatInEveryMode) {
  std::mt19937_64 random(7);
  for (const Operation& o : kOperations) {
    const Format& f = o.format;
    const std::vector<uint64_t> specials = f.specials();
    for (unsigned round = 0; round < 4; ++round) {
      for (const unsigned denorm : {0u, 1u, 2u, 3u}) {
        AsmOptions options;
        options.isa = GetParam();
        // The other field gets another value: each type must take its own.
        options.round_f32 = uint8_t(f.wide ? (round + 1) % 4 : round);
        options.round_f16_f64 = uint8_t(f.wide ? round : (round + 2) % 4);
        options.denorm_f32 = uint8_t(f.wide ? 3 - denorm : denorm);
        options.denorm_f16_f64 = uint8_t(f.wide ? denorm : 3 - denorm);
        AsmWave wave(o.text, options);
        for (unsigned batch = 0; batch < 14; ++batch) {
          uint64_t in[3][kLanes];
          for (unsigned k = 0; k < 3; ++k) {
            LaneValues low, high;
            for (unsigned i = 0; i < kLanes; ++i) {
              const size_t n = specials.size(), at = batch * kLanes + i;
              if (at < n * n)
                in[k][i] = k == 0   ? specials[at % n]
                           : k == 1 ? specials[at / n]
                                    : specials[random() % n];
              else
                in[k][i] = random() & (f.sign() | (f.sign() - 1));
              low[i] = uint32_t(in[k][i]);
              high[i] = uint32_t(in[k][i] >> 32);
            }
            wave.set_v(2 * k, low).set_v(2 * k + 1, high);
          }
          wave.run();
          for (unsigned i = 0; i < kLanes; ++i) {
            const uint64_t x[3] = {in[0][i], in[1][i], in[2][i]};
            const uint64_t got = f.bits == 64 ? wave.v64(6, i) : wave.v(6, i);
            ASSERT_EQ(got, expected(o, x, round, denorm))
                << o.text << std::hex << " of " << x[0] << " " << x[1] << " " << x[2] << " round "
                << round << " denorm " << denorm;
          }
        }
        ASSERT_EQ(wave.findings(), "");
      }
    }
  }
}
INSTANTIATE_TEST_SUITE_P(HostIsa, Arithmetic, testing::ValuesIn(supported_host_isas()),
                         [](const auto& info) { return std::string(name(info.param)); });

uint32_t bits(float x) { return __builtin_bit_cast(uint32_t, x); }
uint64_t bits(double x) { return __builtin_bit_cast(uint64_t, x); }

// What clang emits for an IEEE f32 division. Correct rounding of the whole is the sequence's
// promise, as long as v_rcp_f32 is correctly rounded (one ulp below, 2^-126 / (1 - 2^-24) comes out
// wrong).
constexpr const char* kDivision = R"(
  v_div_scale_f32 v2, s[0:1], v1, v1, v0
  v_rcp_f32 v3, v2
  v_div_scale_f32 v4, vcc, v0, v1, v0
  v_fma_f32 v5, -v2, v3, 1.0
  v_fmac_f32 v3, v5, v3
  v_mul_f32 v5, v4, v3
  v_fma_f32 v6, -v2, v5, v4
  v_fmac_f32 v5, v6, v3
  v_fma_f32 v2, -v2, v5, v4
  v_div_fmas_f32 v2, v2, v3, v5
  v_div_fixup_f32 v7, v2, v1, v0
)";

TEST(Division, F32SequenceRoundsCorrectly) {
  std::mt19937 random(3);
  AsmWave wave(kDivision);
  const std::vector<uint64_t> specials = kF32.specials();
  const size_t n = specials.size();
  for (unsigned batch = 0; batch < 200; ++batch) {
    LaneValues a, b;
    for (unsigned i = 0; i < kLanes; ++i) {
      const size_t at = batch * kLanes + i;
      a[i] = at < n * n ? uint32_t(specials[at % n]) : random();
      b[i] = at < n * n ? uint32_t(specials[at / n]) : random();
      // Then the scaling's cases: quotients that are nearly denormal, denominators nearly so.
      if (batch >= 120) b[i] = (b[i] & 0x807f'ffff) | (252 + random() % 3) << 23;
      if (batch >= 160) b[i] = (b[i] & 0x807f'ffff) | (random() % 3) << 23;
    }
    wave.set_v(0, a).set_v(1, b).run();
    for (unsigned i = 0; i < kLanes; ++i) {
      const float x = __builtin_bit_cast(float, a[i]), y = __builtin_bit_cast(float, b[i]);
      uint32_t want = bits(x / y);
      if (kF32.is_nan(a[i]))
        want = a[i] | 0x40'0000;
      else if (kF32.is_nan(b[i]))
        want = b[i] | 0x40'0000;
      else if (std::isnan(x / y))
        want = 0xffc0'0000;  // 0/0, inf/inf: ISA manual, V_DIV_FIXUP_F32
      ASSERT_EQ(wave.v(7, i), want) << std::hex << a[i] << " / " << b[i];
    }
  }
}

constexpr const char* kDivision64 = R"(
  v_div_scale_f64 v[4:5], s[0:1], v[2:3], v[2:3], v[0:1]
  v_rcp_f64 v[6:7], v[4:5]
  v_fma_f64 v[8:9], -v[4:5], v[6:7], 1.0
  v_fma_f64 v[6:7], v[6:7], v[8:9], v[6:7]
  v_fma_f64 v[8:9], -v[4:5], v[6:7], 1.0
  v_fma_f64 v[6:7], v[6:7], v[8:9], v[6:7]
  v_div_scale_f64 v[8:9], vcc, v[0:1], v[2:3], v[0:1]
  v_mul_f64 v[10:11], v[8:9], v[6:7]
  v_fma_f64 v[4:5], -v[4:5], v[10:11], v[8:9]
  v_div_fmas_f64 v[4:5], v[4:5], v[6:7], v[10:11]
  v_div_fixup_f64 v[12:13], v[4:5], v[2:3], v[0:1]
)";

TEST(Division, F64SequenceRoundsCorrectly) {
  std::mt19937_64 random(3);
  AsmWave wave(kDivision64);
  for (unsigned batch = 0; batch < 200; ++batch) {
    uint64_t a[kLanes], b[kLanes];
    LaneValues words[4];
    for (unsigned i = 0; i < kLanes; ++i) {
      a[i] = random();
      b[i] = random();
      if (batch >= 100) b[i] = (b[i] & 0x800f'ffff'ffff'ffff) | (2044 + random() % 3) << 52;
      if (batch >= 130) b[i] = (b[i] & 0x800f'ffff'ffff'ffff) | (random() % 3) << 52;
      // Quotients around the least normal number.
      if (batch >= 160) b[i] = (b[i] & 0x800f'ffff'ffff'ffff) | (1900 + random() % 100) << 52;
      if (batch >= 160) a[i] = (a[i] & 0x800f'ffff'ffff'ffff) | (840 + random() % 100) << 52;
      words[0][i] = uint32_t(a[i]);
      words[1][i] = uint32_t(a[i] >> 32);
      words[2][i] = uint32_t(b[i]);
      words[3][i] = uint32_t(b[i] >> 32);
    }
    for (unsigned k = 0; k < 4; ++k) wave.set_v(k, words[k]);
    wave.run();
    for (unsigned i = 0; i < kLanes; ++i) {
      if (kF64.is_nan(a[i]) || kF64.is_nan(b[i])) continue;
      const double x = __builtin_bit_cast(double, a[i]), y = __builtin_bit_cast(double, b[i]);
      ASSERT_EQ(wave.v64(12, i), bits(x / y)) << std::hex << a[i] << " / " << b[i];
    }
  }
}

// Minimum and maximum (IEEE off): a NaN loses, of two the second is returned, -0 is below +0.
TEST(MinMax, IeeeOff) {
  const uint32_t nan_a = 0x7fc0'0001, nan_b = 0xffc0'0002, signalling = 0x7f80'0001,
                 one = bits(1.0f);
  struct Row {
    uint32_t a, b, min, max;
  };
  for (const Row& r : {Row{nan_a, one, one, one}, Row{one, nan_b, one, one},
                       Row{nan_a, nan_b, nan_b, nan_b}, Row{signalling, one, one, one},
                       Row{0x8000'0000, 0, 0x8000'0000, 0}, Row{0, 0x8000'0000, 0x8000'0000, 0},
                       Row{1, 2, 1, 2}, Row{0x8000'0001, 0x8000'0002, 0x8000'0002, 0x8000'0001},
                       Row{bits(-INFINITY), bits(INFINITY), bits(-INFINITY), bits(INFINITY)}}) {
    AsmWave wave("v_min_f32 v2, v0, v1\nv_max_f32 v3, v0, v1");
    wave.set_v(0, r.a).set_v(1, r.b).run();
    EXPECT_EQ(wave.v(2), r.min) << std::hex << r.a << " " << r.b;
    EXPECT_EQ(wave.v(3), r.max) << std::hex << r.a << " " << r.b;
  }
}

TEST(MinMax, IeeeOnReturnsASignallingNanQuieted) {
  AsmOptions options;
  options.ieee = true;
  AsmWave wave("v_min_f32 v2, v0, v1\nv_max_f32 v3, v1, v0\nv_max_f32 v4, v5, v1", options);
  wave.set_v(0, 0x7f80'0001).set_v(1, bits(1.0f)).set_v(5, 0x7fc0'0009).run();
  EXPECT_EQ(wave.v(2), 0x7fc0'0001u);
  EXPECT_EQ(wave.v(3), 0x7fc0'0001u);
  EXPECT_EQ(wave.v(4), bits(1.0f));  // a quiet one still loses
}

TEST(MinMax, FlushDenormalsAsModeSays) {
  AsmOptions options;
  options.denorm_f32 = 0;
  AsmWave wave("v_max_f32 v2, v0, v1\nv_med3_f32 v3, v0, v1, v4\nv_mov_b32 v5, v1", options);
  wave.set_v(0, 0).set_v(1, 7).set_v(4, 9).run();
  EXPECT_EQ(wave.v(2), 0u);
  EXPECT_EQ(wave.v(3), 0u);
  EXPECT_EQ(wave.v(5), 7u);  // moves never do
}

TEST(MinMax, Median) {
  AsmWave wave("v_med3_f32 v3, v0, v1, v2\nv_med3_f32 v4, v5, v1, v2");
  wave.set_v(0, bits(5.0f)).set_v(1, bits(-1.0f)).set_v(2, bits(3.0f)).set_v(5, 0x7fc0'0000).run();
  EXPECT_EQ(wave.v(3), bits(3.0f));
  EXPECT_EQ(wave.v(4), bits(-1.0f));  // with a NaN: the minimum of the others
}

TEST(Modifiers, NegAbsOmodClamp) {
  AsmOptions options;
  options.denorm_f32 = 0;  // omod acts only while denormals are flushed
  AsmWave wave(R"(
    v_add_f32 v2, -v0, |v1|
    v_add_f32 v3, -|v0|, s0
    v_mul_f32 v4, v0, v1 mul:2
    v_mul_f32 v5, v0, v1 mul:4
    v_mul_f32 v6, v0, v1 div:2
    v_add_f32 v7, v0, v0 clamp
    v_add_f32 v8, -v0, -v0 clamp
    v_mul_f32 v9, v0, 0.5
    v_fma_f32 v10, v0, -1.0, 4.0
  )",
               options);
  wave.set_v(0, bits(3.0f)).set_v(1, bits(-5.0f)).set_s(0, bits(1.0f)).run();
  EXPECT_EQ(wave.v(2), bits(2.0f));
  EXPECT_EQ(wave.v(3), bits(-2.0f));
  EXPECT_EQ(wave.v(4), bits(-30.0f));
  EXPECT_EQ(wave.v(5), bits(-60.0f));
  EXPECT_EQ(wave.v(6), bits(-7.5f));
  EXPECT_EQ(wave.v(7), bits(1.0f));
  EXPECT_EQ(wave.v(8), bits(0.0f));
  EXPECT_EQ(wave.v(9), bits(1.5f));
  EXPECT_EQ(wave.v(10), bits(1.0f));
  EXPECT_EQ(wave.findings(), "");
}

TEST(Modifiers, ClampOfNanFollowsDx10Clamp) {
  for (const bool dx10 : {false, true}) {
    AsmOptions options;
    options.dx10_clamp = dx10;
    AsmWave wave("v_add_f32 v1, v0, v0 clamp", options);
    wave.set_v(0, 0x7fc0'0003).run();
    EXPECT_EQ(wave.v(1), dx10 ? 0u : 0x7fc0'0003u);
  }
}

TEST(Packed, F32PairsWithOpSel) {
  AsmWave wave(R"(
    v_pk_add_f32 v[4:5], v[0:1], v[2:3]
    v_pk_mul_f32 v[6:7], v[0:1], v[2:3] op_sel:[1,0] op_sel_hi:[0,1]
    v_pk_fma_f32 v[0:1], v[0:1], v[2:3], v[0:1] neg_lo:[0,0,1] neg_hi:[1,0,0]
  )");
  wave.set_v(0, bits(2.0f)).set_v(1, bits(3.0f)).set_v(2, bits(10.0f)).set_v(3, bits(100.0f)).run();
  EXPECT_EQ(wave.v(4), bits(12.0f));
  EXPECT_EQ(wave.v(5), bits(103.0f));
  EXPECT_EQ(wave.v(6), bits(30.0f));   // high of the first, low of the second
  EXPECT_EQ(wave.v(7), bits(200.0f));  // low of the first, high of the second
  EXPECT_EQ(wave.v(0), bits(18.0f));
  EXPECT_EQ(wave.v(1), bits(-297.0f));
}

TEST(Packed, F16HalvesWithOpSelAndNeg) {
  // 1.0 = 3c00, 2.0 = 4000, 3.0 = 4200, 4.0 = 4400
  AsmWave wave(R"(
    v_pk_add_f16 v2, v0, v1
    v_pk_add_f16 v3, v0, v1 op_sel:[1,0] op_sel_hi:[0,1]
    v_pk_mul_f16 v4, v0, v1 neg_lo:[1,0]
    v_pk_add_f16 v5, v0, 1.0 op_sel_hi:[1,0]
    v_pk_add_f16 v6, v0, 1.0
  )");
  wave.set_v(0, 0x4000'3c00).set_v(1, 0x4400'4200).run();  // (1, 2) and (3, 4)
  EXPECT_EQ(wave.v(2), 0x4600'4400u);                      // (4, 6)
  EXPECT_EQ(wave.v(3), 0x4500'4500u);                      // (2 + 3, 1 + 4)
  EXPECT_EQ(wave.v(4), 0x4800'c200u);                      // (-3, 8)
  EXPECT_EQ(wave.v(5), 0x4200'4000u);                      // (2, 3)
  EXPECT_EQ(wave.v(6), 0x4000'4000u);                      // the constant's high half is 0: (2, 2)
}

TEST(HalfDestinations, Vop2ZeroesAndVop3OpselPreserves) {
  AsmWave wave(R"(
    v_add_f16 v2, v0, v0
    v_fma_f16 v3, v0, v0, v0
    v_fma_f16 v4, v0, v0, v1 op_sel:[0,0,1,1]
    v_fma_mix_f32 v5, v0, v1, v6 op_sel:[0,1,0] op_sel_hi:[1,1,0]
    v_fma_mixlo_f16 v7, v0, v0, v6 op_sel_hi:[1,1,0]
    v_fma_mixhi_f16 v8, v0, v0, v6 op_sel_hi:[1,1,0]
  )");
  wave.set_v(0, 0x0000'4000).set_v(1, 0x4200'0000).set_v(6, bits(0.5f));
  for (unsigned r = 2; r < 9; ++r)
    if (r != 6) wave.set_v(r, 0xaaaa'aaaa);
  wave.run();
  EXPECT_EQ(wave.v(2), 0x0000'4400u);  // 2 + 2
  EXPECT_EQ(wave.v(3), 0xaaaa'4600u);  // 2 * 2 + 2
  EXPECT_EQ(wave.v(4), 0x4700'aaaau);  // 2 * 2 + 3
  EXPECT_EQ(wave.v(5), bits(6.5f));    // 2 * 3 + 0.5
  EXPECT_EQ(wave.v(7), 0xaaaa'4480u);  // 4.5
  EXPECT_EQ(wave.v(8), 0x4480'aaaau);
}

TEST(Exponents, LdexpAgainstApFloat) {
  std::mt19937_64 random(5);
  AsmWave wave("v_ldexp_f32 v3, v0, v2\nv_ldexp_f64 v[4:5], v[6:7], v2");
  for (unsigned batch = 0; batch < 60; ++batch) {
    LaneValues a, n, low, high;
    for (unsigned i = 0; i < kLanes; ++i) {
      a[i] = uint32_t(random());
      if (kF32.is_nan(a[i])) a[i] &= 0xff00'0000;
      const int range = batch % 2 ? 2200 : 160;
      n[i] = uint32_t(int(random() % (2 * range + 1)) - range);
      const uint64_t d = random();
      low[i] = uint32_t(d);
      high[i] = uint32_t(d >> 32);
      if (kF64.is_nan(d)) high[i] &= 0xffe0'0000;
    }
    wave.set_v(0, a).set_v(2, n).set_v(6, low).set_v(7, high).run();
    for (unsigned i = 0; i < kLanes; ++i) {
      const auto scaled = [&](const Format& f, uint64_t x) {
        const APFloat r = llvm::scalbn(APFloat(f.semantics, APInt(f.bits, x)), int(n[i]),
                                       llvm::RoundingMode::NearestTiesToEven);
        return r.bitcastToAPInt().getZExtValue();
      };
      ASSERT_EQ(wave.v(3, i), scaled(kF32, a[i])) << std::hex << a[i] << " " << int(n[i]);
      const uint64_t d = low[i] | uint64_t(high[i]) << 32;
      ASSERT_EQ(wave.v64(4, i), scaled(kF64, d)) << std::hex << d << " " << int(n[i]);
    }
  }
}

// 53 bits of 2/pi from bit 53 * segment on, further for large arguments.
TEST(Exponents, TrigPreopReadsTwoOverPi) {
  const std::string digits = "A2F9836E4E441529FC2757D1F534DDC0DB6295993C439041FE5163AB";  // fdlibm
  const auto want = [&](unsigned shift) {
    double x = 0;
    for (unsigned bit = shift; bit < shift + 53; ++bit)
      if (std::stoi(digits.substr(bit / 4, 1), nullptr, 16) >> (3 - bit % 4) & 1)
        x += std::ldexp(1.0, -1 - int(bit));
    return std::bit_cast<uint64_t>(x);
  };
  AsmWave wave("v_trig_preop_f64 v[4:5], v[0:1], v2");
  for (const auto& [exponent, segment, shift] :
       std::initializer_list<std::array<unsigned, 3>>{{1023, 0, 0},
                                                      {1077, 0, 0},
                                                      {1078, 0, 1},
                                                      {1023, 1, 53},
                                                      {1100, 1, 76},
                                                      {1030, 2, 106}}) {
    wave.set_v64(0, uint64_t{exponent} << 52 | 12345).set_v(2, segment).run();
    EXPECT_EQ(wave.v64(4), want(shift)) << exponent << " " << segment;
  }
}

TEST(Exponents, FrexpFindsMantissaAndExponent) {
  AsmWave wave(R"(
    v_frexp_mant_f32 v1, v0
    v_frexp_exp_i32_f32 v2, v0
    v_frexp_mant_f64 v[4:5], v[6:7]
    v_frexp_exp_i32_f64 v8, v[6:7]
  )");
  for (const double x : {1.0, 0.75, -3.5, 1e30, -1e-30, 1e-40, 1.4e-45, 0.0}) {
    wave.set_v(0, bits(float(x))).set_v64(6, bits(x)).run();
    int e = 0, e64 = 0;
    const float m = std::frexp(float(x), &e);
    const double m64 = std::frexp(x, &e64);
    EXPECT_EQ(wave.v(1), bits(m)) << x;
    EXPECT_EQ(int(wave.v(2)), e) << x;
    EXPECT_EQ(wave.v64(4), bits(m64)) << x;
    EXPECT_EQ(int(wave.v(8)), e64) << x;
  }
}

TEST(Exponents, FractStaysBelowOne) {
  AsmWave wave("v_fract_f32 v1, v0\nv_fract_f64 v[4:5], v[2:3]");
  wave.set_v(0, bits(-1e-10f)).set_v64(2, bits(-1e-20)).run();
  EXPECT_EQ(wave.v(1), bits(0x1.fffffep-1f));
  EXPECT_EQ(wave.v64(4), bits(0x1.fffffffffffffp-1));
  wave.set_v(0, bits(-1.25f)).set_v64(2, bits(2.75)).run();
  EXPECT_EQ(wave.v(1), bits(0.75f));
  EXPECT_EQ(wave.v64(4), bits(0.75));
}

TEST(Mode, SetregChangesRoundingAndDenormals) {
  AsmWave wave(R"(
    v_add_f32 v2, v0, v1
    s_setreg_imm32_b32 hwreg(HW_REG_MODE, 0, 2), 1
    v_add_f32 v3, v0, v1
    s_setreg_imm32_b32 hwreg(HW_REG_MODE, 0, 2), 0
    s_setreg_imm32_b32 hwreg(HW_REG_MODE, 4, 2), 0
    v_add_f32 v4, v5, v5
    s_getreg_b32 s0, hwreg(HW_REG_MODE, 4, 4)
  )");
  wave.set_v(0, bits(1.0f)).set_v(1, bits(1e-10f)).set_v(5, 3).run();
  EXPECT_EQ(wave.v(2), bits(1.0f));
  EXPECT_EQ(wave.v(3), bits(std::nextafter(1.0f, 2.0f)));
  EXPECT_EQ(wave.v(4), 0u);
  EXPECT_EQ(wave.s(0), 0xcu);  // f32 field 0, f16/f64 field 3
}

}  // namespace
}  // namespace wavefuzz::sim

// Conversions: FP8 against the formats' own definition and hardware counts, f16, bf16 and integers
// against APFloat and hand-worked cases; the transcendental unit against long double.
#include <gtest/gtest.h>
#include <llvm/ADT/APFloat.h>
#include <llvm/ADT/APInt.h>

#include <cmath>
#include <map>
#include <random>
#include <set>

#include "gpu/sim/testing_asm.h"

namespace wavefuzz::sim {
namespace {

uint32_t bits(float x) { return __builtin_bit_cast(uint32_t, x); }
float value(uint32_t x) { return __builtin_bit_cast(float, x); }

// Code of `semantics` for an f32, or -1 for a NaN or an overflow.
int apfloat_code(const llvm::fltSemantics& semantics, uint32_t x, llvm::RoundingMode round) {
  llvm::APFloat f(llvm::APFloat::IEEEsingle(), llvm::APInt(32, x));
  if (f.isNaN() || f.isInfinity()) return -1;
  bool loses = false;
  const auto status = f.convert(semantics, round, &loses);
  if (status & llvm::APFloat::opOverflow) return -1;
  return int(f.bitcastToAPInt().getZExtValue());
}

struct Fp8Case {
  Arch arch;
  const char* mnemonic;
  const llvm::fltSemantics& semantics;
  uint32_t nan, max;  // codes
  uint32_t infinity;  // code, or nan's
  bool signed_nan;
  unsigned overflowing_pairs;  // finite code pairs whose sum overflows, as counted on hardware
                               // (rccl#9556)
};
const Fp8Case kFp8[] = {
    {Arch::kGfx942, "fp8", llvm::APFloat::Float8E4M3FNUZ(), 0x80, 0x7f, 0x80, false, 496},
    {Arch::kGfx942, "bf8", llvm::APFloat::Float8E5M2FNUZ(), 0x80, 0x7f, 0x80, false, 120},
    {Arch::kGfx950, "fp8", llvm::APFloat::Float8E4M3FN(), 0x7f, 0x7e, 0x7f, true, 436},
    {Arch::kGfx950, "bf8", llvm::APFloat::Float8E5M2(), 0x7f, 0x7b, 0x7c, true, 120},
};

TEST(Fp8, PackMatchesApFloatAndKeepsTheOtherHalf) {
  std::mt19937 random(1);
  for (const Fp8Case& c : kFp8) {
    for (const bool ovfl : {false, true}) {
      AsmOptions options;
      options.arch = c.arch;
      options.fp16_overflow = ovfl;
      options.round_f32 = options.round_f16_f64 = 1;  // ignored: always to nearest even
      options.denorm_f32 = 0;
      const std::string op = std::string("v_cvt_pk_") + c.mnemonic + "_f32 ";
      AsmWave wave(op + "v2, v0, v1\n" + op + "v3, v1, v0 op_sel:[0,0,1]", options);
      for (int batch = 0; batch < 40; ++batch) {
        LaneValues x, y;
        for (unsigned i = 0; i < kLanes; ++i) {
          x[i] = batch == 0 && i < 4 ? (i & 1 ? 0xff80'0000 : 0x7f80'0000) | (i & 2 ? 1 : 0)
                                     : (random() & 0x807f'ffff) | (100 + random() % 50) << 23;
          y[i] = random() & 1 ? x[i] & 0xfff0'0000 : x[i];  // ties, too
        }
        wave.set_v(0, x).set_v(1, y).set_v(2, 0xdead'0000).set_v(3, 0x0000'beef).run();
        const auto code = [&](uint32_t f) -> uint32_t {
          const uint32_t sign = f >> 31 << 7;
          const bool nan = (f & 0x7fff'ffff) > 0x7f80'0000;
          if (nan) return c.nan | (c.signed_nan ? sign : 0);
          const int finite = apfloat_code(c.semantics, f, llvm::RoundingMode::NearestTiesToEven);
          // Beyond the maximum after rounding, which APFloat answers with infinity or the NaN code.
          const bool over =
              finite < 0 || (uint32_t(finite) & 0x7f) > c.max || (!c.signed_nan && finite == 0x80);
          if (!over) return uint32_t(finite);
          if (ovfl) return c.max | sign;
          return c.infinity | (c.signed_nan ? sign : 0);
        };
        for (unsigned i = 0; i < kLanes; ++i) {
          ASSERT_EQ(wave.v(2, i), 0xdead'0000 | code(y[i]) << 8 | code(x[i]))
              << c.mnemonic << std::hex << x[i] << " " << y[i];
          ASSERT_EQ(wave.v(3, i), 0xbeef | code(x[i]) << 24 | code(y[i]) << 16);
        }
      }
    }
  }
}

TEST(Fp8, UnpackAndOverflowCountsMatchHardware) {
  for (const Fp8Case& c : kFp8) {
    AsmOptions options;
    options.arch = c.arch;
    const std::string m = c.mnemonic;
    AsmWave unpack("v_cvt_f32_" + m + " v1, v0\nv_cvt_f32_" + m + "_sdwa v2, v0 src0_sel:BYTE_2\n" +
                       "v_cvt_pk_f32_" + m + "_sdwa v[4:5], v0 src0_sel:WORD_1\n",
                   options);
    std::vector<float> decoded(256);
    for (unsigned base = 0; base < 256; base += kLanes) {
      LaneValues codes;
      for (unsigned i = 0; i < kLanes; ++i)
        codes[i] = (base + i) | (255 - base - i) << 16 | (base + i) << 24;
      unpack.set_v(0, codes).run();
      for (unsigned i = 0; i < kLanes; ++i) {
        decoded[base + i] = value(unpack.v(1, i));
        const llvm::APFloat want(c.semantics, llvm::APInt(8, base + i));
        if (want.isNaN())
          EXPECT_TRUE(std::isnan(decoded[base + i]));
        else
          EXPECT_EQ(double(decoded[base + i]), want.convertToDouble());
        EXPECT_EQ(unpack.v(4, i), unpack.v(2, i));
        EXPECT_EQ(unpack.v(5, i), unpack.v(1, i));
      }
    }
    AsmWave pack("v_add_f32 v2, v0, v1\nv_cvt_pk_" + m + "_f32 v3, v2, v2", options);
    unsigned overflows = 0;
    for (unsigned a = 0; a < 256; ++a)
      for (unsigned base = 0; base < 256; base += kLanes) {
        LaneValues b;
        for (unsigned i = 0; i < kLanes; ++i) b[i] = bits(decoded[base + i]);
        pack.set_v(0, bits(decoded[a])).set_v(1, b).set_v(3, 0).run();
        for (unsigned i = 0; i < kLanes; ++i) {
          if (!std::isfinite(decoded[a]) || !std::isfinite(decoded[base + i])) continue;
          const uint32_t code = pack.v(3, i) & 0xff;
          overflows += c.signed_nan ? (code & 0x7f) == c.infinity : code == c.infinity;
        }
      }
    EXPECT_EQ(overflows, c.overflowing_pairs) << c.mnemonic << " " << name(c.arch);
  }
}

TEST(Fp8, StochasticRoundingAddsTheTopRandomBitsAndPicksAByte) {
  AsmOptions options;
  options.arch = Arch::kGfx950;
  AsmWave wave(R"(
    v_cvt_sr_fp8_f32 v2, v0, v1
    v_cvt_sr_fp8_f32 v3, v0, v1 op_sel:[0,0,1,1]
  )",
               options);
  // 1 + 5/8 of the last place (2^-3): rounds up when the random top bits reach 3/8.
  const float x = 1.0f + 0.625f / 8;
  for (const auto& [random, code] : std::initializer_list<std::pair<uint32_t, uint32_t>>{
           {0, 0x38}, {0x5fff'f000, 0x38}, {0x6000'0000, 0x39}, {0xffff'ffff, 0x39}}) {
    wave.set_v(0, bits(x)).set_v(1, random).set_v(2, 0x1122'3344).set_v(3, 0x1122'3344).run();
    EXPECT_EQ(wave.v(2), 0x1122'3300 | code) << std::hex << random;
    EXPECT_EQ(wave.v(3), 0x0022'3344 | code << 24) << std::hex << random;
  }
}

TEST(F16, FromF32InEveryRoundingMode) {
  constexpr llvm::RoundingMode kRounds[] = {
      llvm::RoundingMode::NearestTiesToEven, llvm::RoundingMode::TowardPositive,
      llvm::RoundingMode::TowardNegative, llvm::RoundingMode::TowardZero};
  std::mt19937 random(9);
  for (unsigned round = 0; round < 4; ++round) {
    AsmOptions options;
    options.round_f16_f64 = uint8_t(round);
    AsmWave wave("v_cvt_f16_f32 v1, v0\nv_cvt_f32_f16 v2, v1\nv_cvt_pkrtz_f16_f32 v3, v0, v4",
                 options);
    for (int batch = 0; batch < 100; ++batch) {
      LaneValues x;
      for (unsigned i = 0; i < kLanes; ++i) {
        x[i] = (random() & 0x807f'ffff) | (95 + random() % 52) << 23;
        if (batch % 3 == 1) x[i] &= 0xffff'f000;  // ties
        if (batch % 7 == 2) x[i] = random();
      }
      wave.set_v(0, x).set_v(4, bits(-70000.0f)).run();
      for (unsigned i = 0; i < kLanes; ++i) {
        if ((x[i] & 0x7fff'ffff) > 0x7f80'0000) {
          ASSERT_EQ(wave.v(1, i), (x[i] >> 16 & 0x8000) | 0x7e00 | (x[i] >> 13 & 0x3ff));
          continue;
        }
        const auto code = [&](llvm::RoundingMode mode) {
          llvm::APFloat f(llvm::APFloat::IEEEsingle(), llvm::APInt(32, x[i]));
          bool loses = false;
          f.convert(llvm::APFloat::IEEEhalf(), mode, &loses);
          return uint32_t(f.bitcastToAPInt().getZExtValue());
        };
        ASSERT_EQ(wave.v(1, i), code(kRounds[round])) << std::hex << x[i] << " round " << round;
        ASSERT_EQ(wave.v(3, i), 0xfbff'0000 | code(llvm::RoundingMode::TowardZero))
            << std::hex << x[i];
        llvm::APFloat back(llvm::APFloat::IEEEhalf(), llvm::APInt(16, wave.v(1, i)));
        bool loses = false;
        back.convert(llvm::APFloat::IEEEsingle(), llvm::RoundingMode::NearestTiesToEven, &loses);
        ASSERT_EQ(wave.v(2, i), uint32_t(back.bitcastToAPInt().getZExtValue()));
      }
    }
  }
}

TEST(Integers, SaturateAndTruncate) {
  AsmWave wave(R"(
    v_cvt_i32_f32 v1, v0
    v_cvt_u32_f32 v2, v0
    v_cvt_i32_f64 v3, v[8:9]
    v_cvt_u32_f64 v4, v[8:9]
    v_cvt_f64_f32 v[8:9], v0
    v_cvt_f32_f64 v5, v[8:9]
  )");
  struct Row {
    float x;
    uint32_t i, u;
  };
  for (const Row& r :
       {Row{1.9f, 1, 1}, Row{-1.9f, uint32_t(-1), 0}, Row{3e9f, 0x7fff'ffff, 3000000000u},
        Row{-3e9f, 0x8000'0000, 0}, Row{1e20f, 0x7fff'ffff, 0xffff'ffff},
        Row{INFINITY, 0x7fff'ffff, 0xffff'ffff}, Row{-INFINITY, 0x8000'0000, 0}, Row{NAN, 0, 0},
        Row{2147483648.0f, 0x7fff'ffff, 0x8000'0000}, Row{-2147483648.0f, 0x8000'0000, 0}}) {
    const uint64_t wide = __builtin_bit_cast(uint64_t, double(r.x));
    wave.set_v(0, bits(r.x)).set_v64(8, wide).run();
    EXPECT_EQ(wave.v(1), r.i) << r.x;
    EXPECT_EQ(wave.v(2), r.u) << r.x;
    EXPECT_EQ(wave.v(3), r.i) << r.x;
    EXPECT_EQ(wave.v(4), r.u) << r.x;
    EXPECT_EQ(wave.v(5), bits(r.x)) << r.x;
  }
}

TEST(Bf16, PackRoundsToNearestEven) {  // gfx950
  AsmOptions options;
  options.arch = Arch::kGfx950;
  AsmWave wave("v_cvt_pk_bf16_f32 v2, v0, v1", options);
  struct Row {
    uint32_t x, want;
  };
  for (const Row& r : {Row{0x3f80'8000, 0x3f80}, Row{0x3f81'8000, 0x3f82}, Row{0x3f80'8001, 0x3f81},
                       Row{0x7f7f'ffff, 0x7f80}, Row{0x7f80'0001, 0x7fc0}, Row{0x0000'8001, 0x0001},
                       Row{0xff80'0000, 0xff80}}) {
    wave.set_v(0, r.x).set_v(1, 0x4000'0000).run();
    EXPECT_EQ(wave.v(2), 0x4000'0000 | r.want) << std::hex << r.x;
  }
}

// Correct rounding against long double; flushing whatever MODE says.
TEST(Transcendentals, CorrectlyRoundedWithFlushedDenormals) {
  std::mt19937 random(4);
  AsmWave wave(R"(
    v_exp_f32 v1, v0
    v_log_f32 v2, v0
    v_rcp_f32 v3, v0
    v_rsq_f32 v4, v0
    v_sqrt_f32 v5, v0
  )");
  for (int batch = 0; batch < 100; ++batch) {
    LaneValues x;
    for (uint32_t& b : x)
      b = batch % 2 ? random() & 0x7fff'ffff
                    : (random() & 0x807f'ffff) | (118 + random() % 16) << 23;
    wave.set_v(0, x).run();
    for (unsigned i = 0; i < kLanes; ++i) {
      float f = value(x[i]);
      if (std::isnan(f)) continue;
      if (std::fabs(f) < 0x1p-126f) f = std::copysign(0.0f, f);
      const auto check = [&](unsigned reg, long double exact) {
        float want = float(exact);
        if (std::fabs(want) < 0x1p-126f) want = std::copysign(0.0f, want);
        if (std::isnan(want))
          ASSERT_EQ(wave.v(reg, i), 0x7fc0'0000u) << f;
        else
          ASSERT_EQ(wave.v(reg, i), bits(want)) << "v" << reg << " of " << f;
      };
      const long double w = f;
      check(1, std::exp2(w));
      check(2, f == 0 ? -INFINITY : std::log2(w));
      check(3, 1 / w);
      check(4, 1 / std::sqrt(w));
      check(5, std::sqrt(w));
    }
  }
  EXPECT_EQ(wave.result().weakest, Fidelity::kOneUlp);
  EXPECT_EQ(wave.result().inexact_instructions.size(), 5u);
}

TEST(Transcendentals, PerturbedModelsKeepExactResults) {
  for (const auto& [model, exp_of_half] :
       {std::pair{Transcendentals::kUlpAbove, std::nextafter(1.41421354f, 2.0f)},
        std::pair{Transcendentals::kUlpBelow, std::nextafter(1.41421354f, 1.0f)}}) {
    AsmOptions options;
    options.transcendentals = model;
    AsmWave wave("v_exp_f32 v1, v0\nv_exp_f32 v2, v3\nv_rcp_f32 v4, v5", options);
    wave.set_v(0, bits(0.5f)).set_v(3, bits(5.0f)).set_v(5, bits(-4.0f)).run();
    EXPECT_EQ(value(wave.v(1)), exp_of_half);
    EXPECT_EQ(value(wave.v(2)), 32.0f);
    EXPECT_EQ(value(wave.v(4)), -0.25f);
  }
}

// For each operand the rounded value or a neighbour, as the seed says: the same every time, and
// another choice under another seed.
TEST(Transcendentals, SeededModelChoosesForEachOperand) {
  for (const HostIsa isa : supported_host_isas()) {
    std::map<uint32_t, std::vector<int>> by_seed;  // steps from the rounded value
    for (const uint32_t seed : {1u, 1u, 2u}) {
      AsmOptions options;
      options.isa = isa;
      options.transcendentals = Transcendentals::kSeeded;
      options.ulp_seed = seed;
      AsmWave wave("v_exp_f32 v1, v0\nv_rcp_f32 v2, v0", options);
      LaneValues in;
      for (unsigned i = 0; i < kLanes; ++i) in[i] = bits(1.1f + 0.37f * float(i));
      wave.set_v(0, in).run();
      std::vector<int> steps;
      for (unsigned i = 0; i < kLanes; ++i) {
        const long double x = value(in[i]);
        steps.push_back(int(wave.v(1, i) - bits(float(std::exp2(x)))));
        steps.push_back(int(wave.v(2, i) - bits(float(1 / x))));
      }
      const auto [it, first] = by_seed.emplace(seed, steps);
      EXPECT_EQ(it->second, steps);
    }
    for (const auto& [seed, steps] : by_seed)
      EXPECT_EQ(std::set<int>(steps.begin(), steps.end()), (std::set<int>{-1, 0, 1}));
    EXPECT_NE(by_seed[1], by_seed[2]);
  }
}

}  // namespace
}  // namespace wavefuzz::sim

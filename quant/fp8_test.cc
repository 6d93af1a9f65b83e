// Decoding and casting against LLVM's APFloat. Every test's expectation is APFloat's value, or that
// value and a policy's definition written out here; none calls the function it judges.
#include "quant/fp8.h"

#include <gtest/gtest.h>
#include <llvm/ADT/APFloat.h>
#include <llvm/ADT/APInt.h>

#include <cmath>
#include <string>
#include <vector>

#include "quant/fp8_text.h"

namespace wavefuzz::quant {
namespace {

using llvm::APFloat;
using llvm::APInt;

const llvm::fltSemantics& semantics(Fp8 fp8) {
  switch (fp8) {
    case Fp8::kE4m3fn:
      return APFloat::Float8E4M3FN();
    case Fp8::kE4m3fnuz:
      return APFloat::Float8E4M3FNUZ();
    case Fp8::kE5m2:
      return APFloat::Float8E5M2();
    case Fp8::kE5m2fnuz:
      return APFloat::Float8E5M2FNUZ();
  }
  std::abort();
}

APFloat from_code(Fp8 fp8, uint8_t code) { return APFloat(semantics(fp8), APInt(8, code)); }

APFloat from_f32(uint32_t bits) { return APFloat(APFloat::IEEEsingle(), APInt(32, bits)); }

uint32_t bits_of(float x) { return __builtin_bit_cast(uint32_t, x); }
float float_of(uint32_t bits) { return __builtin_bit_cast(float, bits); }

// APFloat's cast: to nearest even, not saturating.
APFloat converted(Fp8 fp8, uint32_t bits) {
  APFloat value = from_f32(bits);
  bool loses_info;
  value.convert(semantics(fp8), APFloat::rmNearestTiesToEven, &loses_info);
  return value;
}

uint8_t code_of(const APFloat& value) {
  return static_cast<uint8_t>(value.bitcastToAPInt().getZExtValue());
}

// The code of the format's largest value, from APFloat.
uint8_t largest_code(Fp8 fp8) { return code_of(APFloat::getLargest(semantics(fp8))); }

// A cast under `policy`: APFloat's rounding, then the policy's words.
uint8_t expected_cast(Fp8 fp8, uint32_t bits, CastPolicy policy) {
  const bool fnuz = fp8 == Fp8::kE4m3fnuz || fp8 == Fp8::kE5m2fnuz;
  const APFloat input = from_f32(bits);
  const uint8_t sign = input.isNegative() ? 0x80 : 0;
  const uint8_t nan = fnuz ? 0x80 : 0x7F | sign;
  const auto out_of_range = [&](Overflow rule) -> uint8_t {
    if (rule == Overflow::kSaturate) return largest_code(fp8) | sign;
    if (rule == Overflow::kInfinity && fp8 == Fp8::kE5m2) return 0x7C | sign;
    return nan;
  };
  if (input.isNaN()) {
    if (policy.nan == NanInput::kMaxFinite) return largest_code(fp8);
    if (policy.nan == NanInput::kPositiveNan) return fnuz ? 0x80 : 0x7F;
    return nan;
  }
  if (input.isInfinity()) {
    return out_of_range(policy.inf == InfInput::kNan        ? Overflow::kNan
                        : policy.inf == InfInput::kSaturate ? Overflow::kSaturate
                                                            : Overflow::kInfinity);
  }
  const APFloat value = converted(fp8, bits);
  if (!value.isFinite()) return out_of_range(policy.overflow);
  if (value.isZero() && fnuz && policy.zero == ZeroSign::kAlways) return sign;
  return code_of(value);
}

// Every place where a cast can change its mind, +-2 float bit patterns, both signs: all values of
// the format, all midpoints of neighbours, the overflow and underflow thresholds, the ends of f32.
std::vector<uint32_t> boundary_inputs(Fp8 fp8) {
  std::vector<double> centres = {0.0, 0x1p-126, 0x1p-149};
  const int largest = largest_code(fp8);
  for (int code = 0; code < largest; ++code) {
    const double low = from_code(fp8, code).convertToDouble();
    const double high = from_code(fp8, code + 1).convertToDouble();
    centres.push_back(low);
    centres.push_back((low + high) / 2);
  }
  const double max = from_code(fp8, largest).convertToDouble();
  const double step = max - from_code(fp8, largest - 1).convertToDouble();
  for (int halves = 0; halves <= 6; ++halves) centres.push_back(max + halves * step / 2);
  std::vector<uint32_t> inputs;
  for (double centre : centres) {
    for (int delta = -2; delta <= 2; ++delta) {
      const uint32_t bits = bits_of(static_cast<float>(centre)) + delta;
      if (bits > 0x7F800000u) continue;  // below zero
      inputs.push_back(bits);
      inputs.push_back(bits | 0x80000000u);
    }
  }
  for (uint32_t bits : {0x7F7FFFFFu, 0x7F800000u, 0x7F800001u, 0x7FBFFFFFu, 0x7FC00000u,
                        0x7FFFFFFFu, 0x007FFFFFu, 0x00800000u}) {
    inputs.push_back(bits);
    inputs.push_back(bits | 0x80000000u);
  }
  return inputs;
}

std::vector<CastPolicy> all_policies() {
  std::vector<CastPolicy> policies;
  for (Overflow overflow : {Overflow::kNan, Overflow::kSaturate, Overflow::kInfinity})
    for (InfInput inf : {InfInput::kNan, InfInput::kSaturate, InfInput::kInfinity})
      for (NanInput nan : {NanInput::kSignedNan, NanInput::kPositiveNan, NanInput::kMaxFinite})
        for (ZeroSign zero : {ZeroSign::kWhereRepresentable, ZeroSign::kAlways})
          policies.push_back({overflow, inf, nan, zero});
  return policies;
}

class EachFormat : public testing::TestWithParam<Fp8> {};
INSTANTIATE_TEST_SUITE_P(Fp8, EachFormat, testing::ValuesIn(kAllFp8),
                         [](const auto& info) { return std::string(name(info.param)); });

TEST_P(EachFormat, DecodesEveryCodeAsApfloatDoes) {
  for (int code = 0; code < 256; ++code) {
    const APFloat expected = from_code(GetParam(), code);
    const float got = decode(GetParam(), code);
    EXPECT_EQ(is_nan(GetParam(), code), expected.isNaN()) << code;
    EXPECT_EQ(is_inf(GetParam(), code), expected.isInfinity()) << code;
    if (expected.isNaN()) {
      EXPECT_TRUE(std::isnan(got)) << code;
    } else {
      EXPECT_EQ(bits_of(got), bits_of(expected.convertToFloat())) << code;
    }
  }
}

TEST_P(EachFormat, NanCodesDecodeToQuietNans) {
  const bool fnuz = GetParam() == Fp8::kE4m3fnuz || GetParam() == Fp8::kE5m2fnuz;
  for (int code = 0; code < 256; ++code) {
    if (!from_code(GetParam(), code).isNaN()) continue;
    const uint32_t expected = !fnuz && code >= 0x80 ? 0xFFC00000u : 0x7FC00000u;
    EXPECT_EQ(bits_of(decode(GetParam(), code)), expected) << code;
  }
}

TEST_P(EachFormat, EncodesEveryBoundaryUnderEveryPolicy) {
  const std::vector<uint32_t> inputs = boundary_inputs(GetParam());
  ASSERT_GT(inputs.size(), 2000u);
  for (const CastPolicy& policy : all_policies()) {
    for (uint32_t bits : inputs) {
      ASSERT_EQ(int(encode(GetParam(), float_of(bits), policy)),
                int(expected_cast(GetParam(), bits, policy)))
          << std::hexfloat << float_of(bits) << " 0x" << std::hex << bits << " policy "
          << int(policy.overflow) << int(policy.inf) << int(policy.nan) << int(policy.zero);
    }
  }
}

TEST_P(EachFormat, EncodeInvertsDecode) {
  for (int code = 0; code < 256; ++code) {
    if (is_nan(GetParam(), code)) continue;
    for (const CastPolicy& policy : {kCastPyTorch, kCastAmdOvfl1}) {
      if (is_inf(GetParam(), code) && policy == kCastAmdOvfl1) continue;
      EXPECT_EQ(int(encode(GetParam(), decode(GetParam(), code), policy)), code);
    }
  }
}

TEST_P(EachFormat, NamesComeBack) {
  EXPECT_EQ(parse_fp8(name(GetParam())), GetParam());
  EXPECT_EQ(parse_fp8(std::string("float8_") + name(GetParam())), GetParam());
}

TEST(Fp8Text, AmbiguousAndOtherNamesAreRefused) {
  for (const char* text : {"", "fp8", "fp8_e4m3", "e4m3", "E4M3FN", "e4m3fn ", "float8_", "bf8"})
    EXPECT_EQ(parse_fp8(text), std::nullopt) << text;
}

// The table of what each implementation does with what does not fit, in numbers.
TEST(CastPolicies, DoWhatTheirNamesakesDo) {
  constexpr float kInf = __builtin_inff();
  const float nan = float_of(0x7FC00000u), negative_nan = float_of(0xFFC00000u);
  struct Row {
    const char* who;
    Fp8 fp8;
    CastPolicy policy;
    float input;
    int code;
  };
  const Row rows[] = {
      {"PyTorch", Fp8::kE4m3fn, kCastPyTorch, 464.0f, 0x7E},
      {"PyTorch", Fp8::kE4m3fn, kCastPyTorch, 464.00003f, 0x7F},
      {"PyTorch", Fp8::kE4m3fn, kCastPyTorch, -1000.0f, 0xFF},
      {"PyTorch", Fp8::kE4m3fn, kCastPyTorch, kInf, 0x7F},
      {"PyTorch", Fp8::kE4m3fn, kCastPyTorch, negative_nan, 0xFF},
      {"PyTorch", Fp8::kE4m3fn, kCastPyTorch, -0x1p-20f, 0x80},
      {"PyTorch", Fp8::kE4m3fnuz, kCastPyTorch, 247.99998f, 0x7F},
      {"PyTorch", Fp8::kE4m3fnuz, kCastPyTorch, 248.0f, 0x80},
      {"PyTorch", Fp8::kE4m3fnuz, kCastPyTorch, -kInf, 0x80},
      {"PyTorch", Fp8::kE4m3fnuz, kCastPyTorch, -0x1p-20f, 0x00},
      {"PyTorch", Fp8::kE5m2, kCastPyTorch, 61440.0f, 0x7C},
      {"PyTorch", Fp8::kE5m2, kCastPyTorch, negative_nan, 0xFF},
      {"PyTorch", Fp8::kE5m2fnuz, kCastPyTorch, 61440.0f, 0x80},
      {"CUDA satfinite", Fp8::kE4m3fn, kCastCudaSatfinite, -kInf, 0xFE},
      {"CUDA satfinite", Fp8::kE4m3fn, kCastCudaSatfinite, negative_nan, 0x7F},
      {"CUDA satfinite", Fp8::kE5m2, kCastCudaSatfinite, kInf, 0x7B},
      {"CUDA nosat", Fp8::kE4m3fn, kCastCudaNosat, 1000.0f, 0x7F},
      {"CUDA nosat", Fp8::kE5m2, kCastCudaNosat, -1e6f, 0xFC},
      {"HIP saturating", Fp8::kE4m3fnuz, kCastHipSaturating, -1000.0f, 0xFF},
      {"HIP saturating", Fp8::kE4m3fnuz, kCastHipSaturating, kInf, 0x80},
      {"HIP saturating", Fp8::kE4m3fn, kCastHipSaturating, kInf, 0x7F},
      {"gfx950 FP16_OVFL=0", Fp8::kE4m3fn, kCastAmdOvfl0, 448.0f + 18.0f, 0x7F},
      {"gfx950 FP16_OVFL=0", Fp8::kE5m2, kCastAmdOvfl0, 57344.0f + 4096.0f, 0x7C},
      {"gfx942 FP16_OVFL=0", Fp8::kE4m3fnuz, kCastAmdOvfl0, 1000.0f, 0x80},
      {"gfx942 FP16_OVFL=1", Fp8::kE4m3fnuz, kCastAmdOvfl1, -kInf, 0xFF},
      {"gfx942 FP16_OVFL=1", Fp8::kE4m3fnuz, kCastAmdOvfl1, nan, 0x80},
      {"vLLM clamp", Fp8::kE4m3fn, kCastVllmClamp, negative_nan, 0x7E},
      {"vLLM clamp", Fp8::kE4m3fnuz, kCastVllmClamp, nan, 0x7F},
      {"vLLM clamp", Fp8::kE4m3fn, kCastVllmClamp, -kInf, 0xFE},
      {"triton#3997", Fp8::kE4m3fnuz, kCastTriton3997, -0x1p-20f, 0x80},
  };
  for (const Row& row : rows)
    EXPECT_EQ(int(encode(row.fp8, row.input, row.policy)), row.code) << row.who << " " << row.input;
}

// Hardware counts from ROCm/rccl#9556: ordered pairs of finite codes whose exact sum overflows when
// cast back. The other tie choice would give 468, 104, 464 and 104.
TEST(CastPolicies, OverflowCountsOfHardware) {
  const auto overflowing_pairs = [](Fp8 fp8) {
    int count = 0;
    for (int a = 0; a < 256; ++a) {
      for (int b = 0; b < 256; ++b) {
        const float x = decode(fp8, a), y = decode(fp8, b);
        if (!std::isfinite(x) || !std::isfinite(y)) continue;
        const uint8_t sum = encode(fp8, x + y, kCastAmdOvfl0);
        count += is_nan(fp8, sum) || is_inf(fp8, sum);
      }
    }
    return count;
  };
  EXPECT_EQ(overflowing_pairs(Fp8::kE4m3fn), 436);
  EXPECT_EQ(overflowing_pairs(Fp8::kE5m2), 120);
  EXPECT_EQ(overflowing_pairs(Fp8::kE4m3fnuz), 496);
  EXPECT_EQ(overflowing_pairs(Fp8::kE5m2fnuz), 120);
}

// --- Stochastic rounding ------------------------------------------------------------------------

// Over every value of the bits that count, the share of results that round up is exactly the
// fraction of the way to the next code, once that fraction is cut to `dropped` bits.
TEST_P(EachFormat, StochasticRoundingIsExactInExpectation) {
  const bool e4m3 = GetParam() == Fp8::kE4m3fn || GetParam() == Fp8::kE4m3fnuz;
  const int dropped = e4m3 ? 20 : 21;
  for (int low_code : {0, 1, 2, 3, 7, 8, 0x38, 0x41, 0x7A}) {
    const double low = from_code(GetParam(), low_code).convertToDouble();
    const double high = from_code(GetParam(), low_code + 1).convertToDouble();
    for (double fraction : {0.0, 0x1p-20, 0.125, 1.0 / 3, 0.5, 0.75, 1 - 0x1p-20}) {
      const float x = static_cast<float>(low + (high - low) * fraction);
      // Exact: x, low and high are dyadic with few bits.
      const double exact = (x - low) / (high - low);
      const int64_t expected = static_cast<int64_t>(std::floor(std::ldexp(exact, dropped)));
      for (float sign : {1.0f, -1.0f}) {
        int64_t ups = 0;
        for (uint32_t r = 0; r < 1u << dropped; ++r) {
          const uint32_t random = r << (32 - dropped) | (r & 0x7FFu);  // low bits must not matter
          const uint8_t code = encode_stochastic(GetParam(), sign * x, random, kCastPyTorch);
          ups += (code & 0x7F) == low_code + 1;
          if ((code & 0x7F) != low_code && (code & 0x7F) != low_code + 1) {
            FAIL() << "neither neighbour: " << int(code) << " for " << x;
          }
        }
        ASSERT_EQ(ups, expected) << "code " << low_code << " + " << fraction;
      }
    }
  }
}

TEST_P(EachFormat, StochasticRoundingWithoutRandomBitsTruncates) {
  for (uint32_t bits : boundary_inputs(GetParam())) {
    const float x = float_of(bits);
    if (!std::isfinite(x)) continue;
    APFloat value = from_f32(bits);
    bool loses_info;
    value.convert(semantics(GetParam()), APFloat::rmTowardZero, &loses_info);
    // APFloat truncates an overflow to the largest value; the instruction overflows from the next
    // power of two or step on.
    const uint8_t largest = largest_code(GetParam());
    const double max = from_code(GetParam(), largest).convertToDouble();
    const double step = max - from_code(GetParam(), largest - 1).convertToDouble();
    const uint8_t got = encode_stochastic(GetParam(), x, 0, kCastAmdOvfl0);
    if (std::abs(x) >= max + step) {
      EXPECT_TRUE(is_nan(GetParam(), got) || is_inf(GetParam(), got)) << x;
    } else {
      EXPECT_EQ(int(got), int(code_of(value))) << std::hexfloat << x;
    }
  }
}

TEST(StochasticRounding, RandomBitsCanOverflow) {
  const uint32_t most = 0xFFFFFFFFu;
  EXPECT_EQ(encode_stochastic(Fp8::kE4m3fn, 449.0f, 0, kCastAmdOvfl0), 0x7E);
  EXPECT_EQ(encode_stochastic(Fp8::kE4m3fn, 449.0f, most, kCastAmdOvfl0), 0x7F);
  EXPECT_EQ(encode_stochastic(Fp8::kE4m3fn, 449.0f, most, kCastAmdOvfl1), 0x7E);
  EXPECT_EQ(encode_stochastic(Fp8::kE4m3fnuz, -241.0f, most, kCastAmdOvfl0), 0x80);
  EXPECT_EQ(encode_stochastic(Fp8::kE5m2, 57345.0f, most, kCastAmdOvfl0), 0x7C);
}

// Too small for a chance of 2^-20 of the smallest subnormal: never rounds up.
TEST(StochasticRounding, UnderflowsForGoodBelowItsLastBit) {
  const float just = 0x1p-9f * 0x1p-20f;
  EXPECT_EQ(encode_stochastic(Fp8::kE4m3fn, just, 0xFFFFFFFFu, kCastAmdOvfl0), 0x01);
  EXPECT_EQ(encode_stochastic(Fp8::kE4m3fn, just, 0xFFFFE000u, kCastAmdOvfl0), 0x00);
  EXPECT_EQ(encode_stochastic(Fp8::kE4m3fn, just * 0.99f, 0xFFFFFFFFu, kCastAmdOvfl0), 0x00);
  EXPECT_EQ(encode_stochastic(Fp8::kE4m3fn, 0x1p-149f, 0xFFFFFFFFu, kCastAmdOvfl0), 0x00);
  EXPECT_EQ(encode_stochastic(Fp8::kE4m3fn, 0.0f, 0xFFFFFFFFu, kCastAmdOvfl0), 0x00);
}

// --- fn weights on fnuz -------------------------------------------------------------------------

TEST(FnuzFromFn, HalvesEveryNumberAndLosesNans) {
  for (int code = 0; code < 256; ++code) {
    const float fn = from_code(Fp8::kE4m3fn, code).convertToFloat();
    const float fnuz = from_code(Fp8::kE4m3fnuz, fnuz_from_fn(code)).convertToFloat();
    if (code == 0x7F || code == 0xFF) {
      EXPECT_EQ(fnuz, code == 0x7F ? 240.0f : -240.0f);
    } else {
      EXPECT_EQ(2 * fnuz, fn) << code;
    }
  }
}

}  // namespace
}  // namespace wavefuzz::quant

// The logits against a second implementation in 128-bit floats, written as the formula reads, with
// its own FP8 decoder (OCP OFP8 and the fnuz variant, from the formats' definitions); and the
// bounds against kernels that add up in f32 in different orders.
#include "reference/mqa_logits.h"

#include <Random123/philox.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace wavefuzz::reference {
namespace {

using quant::Fp8;
using quant::Simd;

using Wide = __float128;

/// Sign, 4 exponent bits, 3 mantissa bits.
double fp8_value(Fp8 format, uint8_t code) {
  const int exponent = code >> 3 & 15, mantissa = code & 7;
  const bool fnuz = format == Fp8::kE4m3fnuz;
  if (fnuz ? code == 0x80 : (code & 0x7F) == 0x7F) return std::nan("");
  const int bias = fnuz ? 8 : 7;
  const double magnitude = exponent == 0 ? std::ldexp(mantissa, 1 - bias - 3)
                                         : std::ldexp(8 + mantissa, exponent - bias - 3);
  return code & 0x80 ? -magnitude : magnitude;
}

class Random {
 public:
  explicit Random(uint32_t seed) : seed_(seed) {}
  uint32_t bits() {
    const r123::Philox4x32::ctr_type counter = {{next_++, 0, 0, 0}};
    return r123::Philox4x32()(counter, {{seed_, 0}})[0];
  }
  double unit() { return bits() * 0x1p-32; }
  uint32_t below(uint32_t n) { return static_cast<uint32_t>(unit() * n); }

 private:
  uint32_t seed_;
  uint32_t next_ = 0;
};

/// A random problem; codes are never NaN.
struct Problem {
  Fp8 q_format, k_format;
  uint32_t heads, head_dim;
  std::vector<uint8_t> q, k;
  std::vector<float> weights, scales;

  Problem(Random& random, uint32_t heads, uint32_t head_dim, size_t keys)
      : heads(heads), head_dim(head_dim) {
    q_format = random.below(2) ? Fp8::kE4m3fn : Fp8::kE4m3fnuz;
    k_format = random.below(2) ? Fp8::kE4m3fn : Fp8::kE4m3fnuz;
    // Some problems have values of all magnitudes, some of a few.
    const uint32_t mask = random.below(2) ? 0xFF : 0x9F;
    const auto code = [&](Fp8 format) {
      while (true) {
        const auto drawn = static_cast<uint8_t>(random.bits() & mask);
        if (!std::isnan(fp8_value(format, drawn))) return drawn;
      }
    };
    for (size_t i = 0; i < size_t{heads} * head_dim; ++i) q.push_back(code(q_format));
    for (size_t i = 0; i < keys * head_dim; ++i) k.push_back(code(k_format));
    for (size_t i = 0; i < heads; ++i)
      weights.push_back(static_cast<float>(std::ldexp(random.unit() * 2 - 1, random.below(8))));
    for (size_t i = 0; i < keys; ++i)
      scales.push_back(static_cast<float>(
          std::ldexp(1 + random.unit(), static_cast<int>(random.below(20)) - 10)));
  }
  MqaQuery query() const { return {q_format, heads, head_dim, q, weights}; }
  MqaKeys keys() const { return {k_format, k, scales}; }
};

struct Exact {
  Wide value = 0, magnitudes = 0, products = 0;
};

Exact exact(const Problem& p, size_t key) {
  Exact e;
  for (uint32_t h = 0; h < p.heads; ++h) {
    Wide dot = 0, products = 0;
    for (uint32_t d = 0; d < p.head_dim; ++d) {
      const Wide product = static_cast<Wide>(fp8_value(p.q_format, p.q[h * p.head_dim + d])) *
                           fp8_value(p.k_format, p.k[key * p.head_dim + d]);
      dot += product;
      products += product < 0 ? -product : product;
    }
    const Wide weight = p.weights[h];
    const Wide relu = dot > 0 ? dot : Wide(0);
    e.value += weight * relu;
    e.magnitudes += (weight < 0 ? -weight : weight) * relu;
    e.products += (weight < 0 ? -weight : weight) * products;
  }
  e.value *= p.scales[key];
  e.magnitudes *= p.scales[key];
  e.products *= p.scales[key];
  return e;
}

/// As kernels do it: f32 throughout. `order` picks among sums that differ in order.
float in_f32(const Problem& p, size_t key, int order) {
  float sum = 0;
  for (uint32_t i = 0; i < p.heads; ++i) {
    const uint32_t h = order & 1 ? p.heads - 1 - i : i;
    float dot = 0;
    float partial[4] = {};
    for (uint32_t j = 0; j < p.head_dim; ++j) {
      const uint32_t d = order & 2 ? p.head_dim - 1 - j : j;
      const float q = static_cast<float>(fp8_value(p.q_format, p.q[h * p.head_dim + d]));
      const float k = static_cast<float>(fp8_value(p.k_format, p.k[key * p.head_dim + d]));
      if (order & 4) {
        partial[d % 4] = std::fma(q, k, partial[d % 4]);
      } else {
        dot += q * k;
      }
    }
    dot += (partial[0] + partial[1]) + (partial[2] + partial[3]);
    if (order & 8) {  // AITER: scale, relu, weight
      sum += std::max(dot * p.scales[key], 0.0f) * p.weights[h];
    } else {
      sum = order & 1 ? std::fma(std::max(dot, 0.0f), p.weights[h], sum)
                      : sum + std::max(dot, 0.0f) * p.weights[h];
    }
  }
  return order & 8 ? sum : sum * p.scales[key];
}

TEST(MqaLogits, AgreesWithTheFormulaIn128Bits) {
  Random random(1);
  MqaLogits logits;
  for (int i = 0; i < 300; ++i) {
    const Problem p(random, 1 + random.below(9), 1 + random.below(140), 1 + random.below(70));
    mqa_logits(p.query(), p.keys(), {}, logits);
    for (size_t key = 0; key < p.scales.size(); ++key) {
      const Exact e = exact(p, key);
      const double off = std::abs(static_cast<double>(logits.value[key] - e.value));
      // Dots are exact; weights and their sum round in f64.
      ASSERT_LE(off, static_cast<double>(e.magnitudes) * 0x1p-52 * (p.heads + 1));
    }
  }
}

TEST(MqaLogits, EveryBuildGivesTheSameBits) {
  Random random(2);
  for (int i = 0; i < 20; ++i) {
    const Problem p(random, 1 + random.below(65), 32 << random.below(3), 1 + random.below(100));
    MqaLogits expected, got;
    mqa_logits(p.query(), p.keys(), {}, expected, {.threads = 1, .simd = Simd::kScalar});
    for (const Simd simd : quant::kAllSimd) {
      if (!quant::supported(simd)) continue;
      for (const int threads : {1, 3}) {
        mqa_logits(p.query(), p.keys(), {}, got, {.threads = threads, .simd = simd});
        EXPECT_TRUE(got.value == expected.value) << quant::name(simd);
        for (size_t key = 0; key < p.scales.size(); ++key) {
          // The bound's own sums may round differently.
          EXPECT_NEAR(got.hard[key], expected.hard[key], 1e-12 * expected.hard[key]);
          EXPECT_NEAR(got.likely[key], expected.likely[key], 1e-12 * expected.likely[key]);
        }
      }
    }
  }
}

TEST(MqaLogits, NoSumInF32IsBeyondTheHardBound) {
  Random random(3);
  MqaLogits logits;
  double most = 0;
  size_t unlikely = 0, elements = 0;
  for (int i = 0; i < 200; ++i) {
    const Problem p(random, 1 + random.below(64), 1 + random.below(128), 8);
    mqa_logits(p.query(), p.keys(), {}, logits);
    for (size_t key = 0; key < p.scales.size(); ++key) {
      for (int order = 0; order < 16; ++order) {
        const double off = std::abs(in_f32(p, key, order) - logits.value[key]);
        ASSERT_LE(off, logits.hard[key]) << p.heads << " x " << p.head_dim << " order " << order;
        ASSERT_LE(logits.likely[key], logits.hard[key]);
        unlikely += off > logits.likely[key];
        ++elements;
        if (logits.hard[key] > 0) most = std::max(most, off / logits.hard[key]);
      }
    }
  }
  EXPECT_EQ(unlikely, 0u) << "of " << elements;
  EXPECT_GT(most, 0.01) << "a bound that nothing comes near finds nothing";
}

TEST(MqaLogits, BoundIsThatOfTheFormula) {
  // f32: (D - 1) u A and (H + 1) u P, to first order.
  Random random(4);
  const Problem p(random, 8, 64, 4);
  MqaLogits logits;
  mqa_logits(p.query(), p.keys(), {}, logits);
  for (size_t key = 0; key < 4; ++key) {
    const Exact e = exact(p, key);
    const double first_order =
        0x1p-24 * (63 * static_cast<double>(e.products) + 9 * static_cast<double>(e.magnitudes));
    EXPECT_NEAR(logits.hard[key], first_order, 1e-4 * first_order);
    double sum = 0;
    const auto terms = mqa_bound_terms(p.query(), p.keys(), {}, key);
    for (size_t i = 2; i < terms.size(); ++i) sum += terms[i].second;
    EXPECT_NEAR(sum, logits.hard[key], 1e-9 * sum);
  }
}

TEST(MqaLogits, AWrongScaleOrADroppedHeadIsFarBeyondTheBound) {
  Random random(5);
  Problem p(random, 64, 128, 64);
  for (float& w : p.weights) w = std::abs(w);  // nothing cancels
  MqaLogits logits, without;
  mqa_logits(p.query(), p.keys(), {}, logits);
  Problem dropped = p;
  dropped.weights[63] = 0;
  mqa_logits(dropped.query(), dropped.keys(), {}, without);
  size_t noticed = 0, relevant = 0;
  for (size_t key = 0; key < 64; ++key) {
    EXPECT_GT(std::abs(logits.value[key]) * 1e-3, logits.hard[key]) << "scale + 0.1 %";
    relevant += without.value[key] != logits.value[key];
    noticed += std::abs(without.value[key] - logits.value[key]) > logits.hard[key];
  }
  EXPECT_GT(relevant, 0u);
  EXPECT_EQ(noticed, relevant);
}

TEST(MqaLogits, HandWorked) {
  // e4m3fn: 0x38 = 1, 0xB8 = -1, 0x40 = 2. Two heads: dots 1*2 + 1*1 = 3 and -1*2 + 1*1 = -1 -> 0.
  const std::vector<uint8_t> q = {0x38, 0x38, 0xB8, 0x38}, k = {0x40, 0x38};
  const std::vector<float> weights = {-0.5f, 10}, scales = {0.25f};
  MqaLogits logits;
  mqa_logits({Fp8::kE4m3fn, 2, 2, q, weights}, {Fp8::kE4m3fn, k, scales}, {}, logits);
  EXPECT_EQ(logits.value, std::vector<double>{-0.375});
  // The same codes in fnuz are half as much.
  mqa_logits({Fp8::kE4m3fnuz, 2, 2, q, weights}, {Fp8::kE4m3fnuz, k, scales}, {}, logits);
  EXPECT_EQ(logits.value, std::vector<double>{-0.375 / 4});
}

TEST(MqaLogits, NaNIsDroppedOrKeptAsTheContractSays) {
  const std::vector<uint8_t> q = {0x38, 0x38, 0x7F, 0x38};  // head 1 has a NaN
  const std::vector<uint8_t> k = {0x38, 0x38, 0x7F, 0x38};  // so has key 1
  const std::vector<float> weights = {1, 1}, scales = {1, 1};
  const MqaQuery query = {Fp8::kE4m3fn, 2, 2, q, weights};
  const MqaKeys keys = {Fp8::kE4m3fn, k, scales};
  for (const Simd simd : quant::kAllSimd) {
    if (!quant::supported(simd)) continue;
    MqaLogits logits;
    mqa_logits(query, keys, {.relu = Relu::kDropsNan}, logits, {.threads = 1, .simd = simd});
    EXPECT_EQ(logits.value, (std::vector<double>{2, 0}));
    EXPECT_GT(logits.hard[0], 0);
    EXPECT_EQ(logits.hard[1], 0);
    mqa_logits(query, keys, {.relu = Relu::kKeepsNan}, logits, {.threads = 1, .simd = simd});
    EXPECT_TRUE(std::isnan(logits.value[0]));
    EXPECT_TRUE(std::isnan(logits.value[1]));
  }
}

}  // namespace
}  // namespace wavefuzz::reference

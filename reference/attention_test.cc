#include "reference/attention.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <stdexcept>

#include "quant/float16.h"
#include "reference/attention_draw.h"
#include "reference/attention_quad.h"
#include "reference/attention_run.h"
#include "reference/attention_stand_in.h"

namespace wavefuzz::reference {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();

class Draw {
 public:
  explicit Draw(uint32_t seed) : random(seed) {}
  uint32_t below(uint32_t n) { return n < 2 ? 0 : random() % n; }
  bool chance(uint32_t one_in) { return below(one_in) == 0; }
  double uniform(double low, double high) { return low + (high - low) * (random() * 0x1p-32); }
  template <typename T>
  T one_of(std::initializer_list<T> values) {
    return values.begin()[below(static_cast<uint32_t>(values.size()))];
  }
  std::mt19937 random;
};

// A small problem: shapes, ranges, scales, sinks and splits as they come.
void draw_problem(Draw& draw, DrawnProblem& out) {
  const uint32_t rows = 1 + draw.below(4), dim = 1 + draw.below(40), v_dim = 1 + draw.below(6);
  const uint32_t keys = draw.chance(20) ? 300 + draw.below(300) : draw.below(70);
  draw_normal(out, rows, dim, v_dim, keys, draw.random());
  AttentionProblem& p = out.problem;
  // Scores from nothing to thousands; among them some where one key takes all.
  p.score_scale = static_cast<float>(p.score_scale * draw.one_of({1.0, 1.0, 1.0, 0.0, 8.0, 300.0}));
  p.v_common_scale = static_cast<float>(draw.one_of({1.0, 1.0, 0.37, 1e-3}));
  if (draw.chance(4))  // large, small and equal values
    for (float& x : out.k) x *= std::exp2(static_cast<float>(draw.below(8)) - 4);
  if (draw.chance(4)) {  // products that are not exact
    for (auto* values : {&out.q, &out.k})
      for (float& x : *values) x *= static_cast<float>(draw.uniform(0.9, 1.1));
  }
  if (draw.chance(4)) {
    const float mean = static_cast<float>(draw.below(20));
    for (float& x : out.v)
      x = quant::decode(quant::Fp8::kE4m3fn,
                        quant::encode(quant::Fp8::kE4m3fn, x + mean, quant::kCastHipSaturating));
  }
  if (draw.chance(20))
    for (float& x : out.v) x *= 0x1p-120f;  // sums of denormals
  if (draw.chance(2)) {
    for (uint32_t i = 0; i < keys; ++i) out.k_scale.push_back(draw.uniform(0.01, 2));
    for (uint32_t i = 0; i < keys; ++i)
      out.v_scale.push_back(draw.uniform(0.01, 2) * std::exp2(double(draw.below(6)) - 3));
    for (uint32_t r = 0; r < rows; ++r)
      out.q_scale.push_back(static_cast<float>(draw.uniform(0.01, 2)));
    p.k_scale = out.k_scale.data();
    p.v_scale = out.v_scale.data();
    p.q_scale = out.q_scale.data();
  }
  if (draw.chance(2)) {
    for (uint32_t r = 0; r < rows; ++r) {
      const uint32_t a = draw.below(keys + 1), b = draw.below(keys + 1);
      out.first.push_back(draw.chance(3) ? 0 : std::min(a, b));
      out.last.push_back(draw.chance(10) ? 0 : std::max(a, b));
    }
    p.first = out.first.data();
    p.last = out.last.data();
  }
  if (draw.chance(3)) {
    for (uint32_t r = 0; r < rows; ++r)
      out.sink.push_back(draw.one_of({0.0f, static_cast<float>(draw.uniform(-5, 5)), 40.0f, -200.0f,
                                      static_cast<float>(kInf), static_cast<float>(-kInf)}));
    p.sink = out.sink.data();
  }
  if (draw.chance(3)) {
    for (uint32_t at = 0; at <= keys; at += 1 + draw.below(40)) out.split_starts.push_back(at);
    p.split_starts = out.split_starts;
  }
}

AttentionNumerics draw_numerics(Draw& draw) {
  AttentionNumerics n;
  n.score_block = draw.one_of({1u, 1u, 4u, 16u, 32u});
  n.pv_block = draw.one_of({1u, 1u, 16u});
  n.tile = draw.one_of({1u, 7u, 16u, 64u, 256u, 4096u});
  n.exp_ulps = n.log_ulps = n.rcp_ulps = 2;
  n.output = draw.one_of({FloatFormat::kF32, FloatFormat::kBf16, FloatFormat::kF16});
  n.half_away = draw.chance(2);
  n.partial =
      draw.one_of({FloatFormat::kF32, FloatFormat::kF32, FloatFormat::kBf16, FloatFormat::kF16});
  return n;
}

void draw_cast(Draw& draw, AttentionNumerics& n) {
  n.p = draw.one_of({PFormat::kBf16, PFormat::kF16, PFormat::kFp8, PFormat::kFp8, PFormat::kInt8});
  n.p_truncate = n.p != PFormat::kFp8 && draw.chance(3);
  n.p_tail_bf16 = draw.chance(6);
  n.output_truncate = draw.chance(4);
  if (n.p == PFormat::kInt8) {
    n.p_divisor = 127;
    return;
  }
  if (n.p != PFormat::kFp8) return;
  n.p_fp8 = quant::kAllFp8[draw.below(4)];
  n.p_scale = draw.one_of({1.0, 0.5, 100.0});
  n.p_divisor = draw.chance(2) ? quant::max_finite(n.p_fp8) : 0;
  if (draw.chance(10)) n.p_amax_floor = 0.5;
  if (draw.chance(10)) n.p_amax_bias = draw.one_of({1e-9, 0.25});
}

StandInStyle draw_style(Draw& draw) {
  StandInStyle s;
  const auto order = [&] {
    return draw.one_of(
        {SumOrder::kForward, SumOrder::kBackward, SumOrder::kPairwise, SumOrder::kTilesFirst});
  };
  s.dot = order();
  s.pv = order();
  s.exp = draw.one_of({ExpForm::kNatural, ExpForm::kBase2, ExpForm::kBase2Fma});
  s.scales_first = draw.chance(2);
  s.flush = draw.chance(2);
  s.noisy = draw.chance(2);
  s.merge_by_lse = draw.chance(2);
  s.sink_in_sum = draw.chance(2);
  s.group = draw.one_of({8u, 16u, 1024u});
  s.seed = draw.random();
  return s;
}

TEST(Attention, AgreesWithQuadruplePrecision) {
  double worst = 0;
  for (uint32_t seed = 0; seed < 1500; ++seed) {
    Draw draw(seed);
    DrawnProblem drawn;
    draw_problem(draw, drawn);
    AttentionProblem& p = drawn.problem;
    std::vector<float> q(p.rows * (p.qk_dim + 3)), k(p.keys * (p.qk_dim + 5));
    if (draw.chance(3)) {  // strides, and V in K's first columns, as in MLA
      p.q_stride = p.qk_dim + 3, p.k_stride = p.v_stride = p.qk_dim + 5;
      p.v_dim = std::min(p.v_dim, p.qk_dim);
      for (uint32_t r = 0; r < p.rows; ++r)
        std::copy_n(&drawn.q[r * p.qk_dim], p.qk_dim, &q[r * p.q_stride]);
      for (uint32_t i = 0; i < p.keys; ++i)
        std::copy_n(&drawn.k[i * p.qk_dim], p.qk_dim, &k[i * p.k_stride]);
      p.q = q.data(), p.k = p.v = k.data();
    }
    AttentionNumerics n;
    n.denominator_bias = draw.chance(4) ? 1e-6 : 0;
    const AttentionResult got = attention(p, n);
    const QuadResult want = quad_attention(p, n.denominator_bias);
    // A relative error of 1e-16 of a score is one of 1e-16 |score| of its weight.
    double largest = 1;
    for (double t : want.lse) largest = std::isfinite(t) ? std::max(largest, std::abs(t)) : largest;
    for (uint32_t r = 0; r < p.rows; ++r) {
      if (std::isinf(want.lse[r])) {
        EXPECT_EQ(got.lse[r], want.lse[r]);
      } else {
        EXPECT_NEAR(got.lse[r], want.lse[r], 1e-14 * largest) << seed;
      }
      for (uint32_t d = 0; d < p.v_dim; ++d) {
        const size_t i = r * p.v_dim + d;
        EXPECT_NEAR(got.o[i], want.o[i], 1e-14 * largest * want.magnitude[i]) << seed;
        if (want.magnitude[i] > 0)
          worst = std::max(worst, std::abs(got.o[i] - want.o[i]) / want.magnitude[i] / largest);
      }
    }
  }
  RecordProperty("worst", std::to_string(worst));
}

TEST(Attention, InstructionSetsAgree) {
  for (uint32_t seed = 0; seed < 200; ++seed) {
    Draw draw(seed);
    DrawnProblem drawn;
    draw_problem(draw, drawn);
    const AttentionNumerics n = draw_numerics(draw);
    if (n.partial != FloatFormat::kF32 && drawn.split_starts.empty()) continue;
    internal::AttentionOptions options;
    options.isa = internal::Isa::kSse2;
    const AttentionResult base = run_attention(drawn.problem, n, options).result;
    for (internal::Isa isa : internal::kAllIsas) {
      if (!supported(isa)) continue;
      options.isa = isa;
      const AttentionResult other = run_attention(drawn.problem, n, options).result;
      for (size_t i = 0; i < base.o.size(); ++i) {
        EXPECT_NEAR(other.o[i], base.o[i], base.o_hard[i] * 1e-4 + 1e-300) << seed;
        EXPECT_NEAR(other.o_hard[i], base.o_hard[i], base.o_hard[i] * 1e-3) << seed;
        EXPECT_NEAR(other.o_likely[i], base.o_likely[i], base.o_likely[i] * 1e-3) << seed;
      }
    }
  }
}

TEST(Attention, DoesNotDependOnThreads) {
  DrawnProblem drawn;
  draw_normal(drawn, 300, 32, 24, 5000, 1);
  for (PFormat format : {PFormat::kF32, PFormat::kFp8}) {
    AttentionNumerics n;
    n.p = format;
    const AttentionResult one = attention(drawn.problem, n, true, 1);
    const AttentionResult three = attention(drawn.problem, n, true, 3);
    EXPECT_EQ(one.o, three.o);
    EXPECT_EQ(one.o_hard, three.o_hard);
    EXPECT_EQ(one.o_likely, three.o_likely);
    EXPECT_EQ(one.lse_hard, three.lse_hard);
    EXPECT_EQ(one.mean_v, three.mean_v);
  }
}

// The reference with a cast P, by its definition.
TEST(Attention, CastsPAsDeclared) {
  for (uint32_t seed = 0; seed < 300; ++seed) {
    Draw draw(seed);
    DrawnProblem drawn;
    draw_problem(draw, drawn);
    const AttentionProblem& p = drawn.problem;
    AttentionNumerics n = draw_numerics(draw);
    draw_cast(draw, n);
    n.p_truncate = n.p_tail_bf16 = false;
    n.partial = FloatFormat::kF32;
    const AttentionResult got = attention(p, n);
    const AttentionResult plain = attention(p, AttentionNumerics());
    std::vector<uint32_t> starts =
        drawn.split_starts.empty() ? std::vector<uint32_t>{0} : drawn.split_starts;
    starts.push_back(p.keys);
    for (uint32_t r = 0; r < p.rows; ++r) {
      EXPECT_DOUBLE_EQ(got.lse[r], plain.lse[r]);
      if (std::isinf(plain.lse[r])) continue;
      const uint32_t first = p.first ? p.first[r] : 0, last = p.last ? p.last[r] : p.keys;
      std::vector<double> o(p.v_dim), step(p.v_dim);
      for (size_t split = 0; split + 1 < starts.size(); ++split) {
        double m = -kInf;
        for (uint32_t tile = starts[split]; tile < starts[split + 1]; tile += n.tile) {
          const uint32_t end = std::min(tile + n.tile, starts[split + 1]);
          std::vector<std::pair<uint32_t, double>> scores;
          for (uint32_t i = std::max(tile, first); i < std::min(end, last); ++i) {
            double t = 0;
            for (uint32_t d = 0; d < p.qk_dim; ++d)
              t += double{p.q[r * p.qk_dim + d]} * p.k[i * p.qk_dim + d];
            t *= p.score_scale * (p.q_scale ? p.q_scale[r] : 1.0) *
                 (p.k_scale ? p.k_scale[i] : 1.0f);
            scores.emplace_back(i, t);
            m = std::max(m, t);
          }
          double amax = n.p_amax_bias > 0 ? 0 : n.p_amax_floor;
          for (auto& [i, t] : scores) {
            t = std::exp(t - m) * (p.v_scale ? p.v_scale[i] : 1.0f);
            amax = std::max(amax, t);
          }
          double scale = n.p == PFormat::kFp8 ? n.p_scale : 1;
          if (n.p_divisor > 0) scale = n.p_divisor / (amax + n.p_amax_bias);
          for (const auto& [i, w] : scores) {
            const float y = static_cast<float>(w * scale);
            float code = 0;
            if (n.p == PFormat::kBf16) code = quant::decode_bf16(quant::encode_bf16(y));
            if (n.p == PFormat::kF16) code = quant::decode_f16(quant::encode_f16(y));
            if (n.p == PFormat::kInt8) code = std::min(std::nearbyint(y), 127.0f);
            if (n.p == PFormat::kFp8)
              code = quant::decode(n.p_fp8, quant::encode(n.p_fp8, y, quant::kCastHipSaturating));
            // Rounded to f32 on the way, a tie may go either way; both are the cast's.
            const double near = std::abs(y - w * scale) > 0 ? 0x1p-22 : 0;
            for (uint32_t d = 0; d < p.v_dim; ++d) {
              const double v = p.v[i * p.v_dim + d] / scale * std::exp(m - plain.lse[r]);
              o[d] += code * v;
              step[d] += near * code * std::abs(v);
            }
          }
        }
      }
      const double sink = p.sink ? std::exp(p.sink[r] - plain.lse[r]) : 0;
      if (std::isinf(sink)) continue;
      for (uint32_t d = 0; d < p.v_dim; ++d) {
        const double want = o[d] * p.v_common_scale / (1 + sink);
        EXPECT_NEAR(got.o[r * p.v_dim + d], want,
                    1e-9 * (std::abs(want) + step[d]) + step[d] + 1e-12)
            << seed;
      }
    }
  }
}

struct Worst {
  double hard = 0, likely = 0;
  void add(double error, double hard_bound, double likely_bound) {
    if (hard_bound > 0) hard = std::max(hard, error / hard_bound);
    if (likely_bound > 0) likely = std::max(likely, error / likely_bound);
  }
};

void expect_within(const DrawnProblem& drawn, const AttentionNumerics& n, const StandInStyle& style,
                   uint32_t seed, Worst& o, Worst& lse) {
  const AttentionProblem& p = drawn.problem;
  const AttentionResult want = attention(p, n);
  const StandInOutput got = stand_in_attention(p, n, style);
  for (size_t i = 0; i < want.o.size(); ++i) {
    const double error = std::abs(got.o[i] - want.o[i]);
    ASSERT_TRUE(std::isfinite(want.o_hard[i]) && want.o_hard[i] >= 0) << seed;
    ASSERT_LE(error, want.o_hard[i])
        << "seed " << seed << " element " << i << ": " << got.o[i] << ", expected " << want.o[i];
    ASSERT_LE(want.o_likely[i], want.o_hard[i] * (1 + 1e-6)) << seed;
    o.add(error, want.o_hard[i], want.o_likely[i]);
  }
  for (size_t i = 0; i < want.lse.size(); ++i) {
    if (std::isinf(want.lse[i])) {
      ASSERT_EQ(got.lse[i], want.lse[i]) << seed;
      continue;
    }
    const double error = std::abs(got.lse[i] - want.lse[i]);
    ASSERT_LE(error, want.lse_hard[i])
        << "seed " << seed << " row " << i << ": " << got.lse[i] << ", expected " << want.lse[i];
    ASSERT_LE(want.lse_likely[i], want.lse_hard[i] * (1 + 1e-6)) << seed;
    lse.add(error, want.lse_hard[i], want.lse_likely[i]);
  }
}

void random_kernels(uint32_t cases, bool cast) {
  Worst o, lse;
  for (uint32_t seed = 0; seed < cases; ++seed) {
    Draw draw(seed + (cast ? 1u << 20 : 0));
    DrawnProblem drawn;
    draw_problem(draw, drawn);
    AttentionNumerics n = draw_numerics(draw);
    if (cast) draw_cast(draw, n);
    ASSERT_NO_FATAL_FAILURE(expect_within(drawn, n, draw_style(draw), seed, o, lse));
  }
  // The largest share of a bound that an error took; a bound no kernel comes near would be a poor
  // one.
  for (const auto& [name, worst] : {std::pair{"o", o}, std::pair{"lse", lse}}) {
    printf("%s: error / hard bound %.3f, / likely bound %.3f\n", name, worst.hard, worst.likely);
    EXPECT_GT(worst.hard, 0.05);
  }
}

TEST(AttentionBound, HoldsForRandomKernels) { random_kernels(10000, false); }
TEST(AttentionBound, HoldsForRandomKernelsThatCastP) { random_kernels(10000, true); }

TEST(AttentionBound, HoldsWhereTheKernelsQDiffers) {
  for (uint32_t seed = 0; seed < 2000; ++seed) {
    Draw draw(seed);
    DrawnProblem drawn;
    draw_problem(draw, drawn);
    AttentionNumerics n = draw_numerics(draw);
    if (draw.chance(2)) draw_cast(draw, n);
    AttentionProblem kernels = drawn.problem;
    std::vector<float> error, other;
    for (float q : drawn.q) {
      error.push_back(draw.chance(3) ? 0x1p-4f * std::abs(q) : 0.0f);
      other.push_back(q + error.back() * draw.one_of({-1.0f, 0.0f, 1.0f}));
    }
    drawn.problem.q_error = error.data();
    kernels.q = other.data();
    const AttentionResult want = attention(drawn.problem, n);
    const StandInOutput got = stand_in_attention(kernels, n, draw_style(draw));
    for (size_t i = 0; i < want.o.size(); ++i)
      ASSERT_LE(std::abs(got.o[i] - want.o[i]), want.o_hard[i]) << seed;
    for (size_t i = 0; i < want.lse.size(); ++i) {
      if (std::isinf(want.lse[i])) continue;
      ASSERT_LE(std::abs(got.lse[i] - want.lse[i]), want.lse_hard[i]) << seed;
    }
  }
}

// Sums of many equal terms round the same way for long stretches: errors grow with their number, as
// the bound says. An order of magnitude below is as near as real rounding comes.
TEST(AttentionBound, IsOfTheRightOrder) {
  double dot = 0, pv = 0, denominator = 0;
  AttentionNumerics n;
  n.tile = 1 << 20;
  n.output = FloatFormat::kF32;
  for (uint32_t seed = 0; seed < 60; ++seed) {
    Draw draw(seed);
    const auto ratio = [&](DrawnProblem& drawn, bool of_lse) {
      const AttentionResult want = attention(drawn.problem, n);
      const StandInOutput got = stand_in_attention(drawn.problem, n, StandInStyle());
      const double error = of_lse ? got.lse[0] - want.lse[0] : got.o[0] - want.o[0];
      const double bound = of_lse ? want.lse_hard[0] : want.o_hard[0];
      EXPECT_LE(std::abs(error), bound) << seed;
      return std::abs(error) / bound;
    };
    {
      DrawnProblem two;  // keys, of many equal elements
      draw_normal(two, 1, 1024, 1, 2, seed);
      const float a = draw.uniform(0.5, 1), b = draw.uniform(0.5, 1);
      std::fill(two.q.begin(), two.q.end(), 1.0f);
      std::fill(two.k.begin(), two.k.begin() + 1024, a);
      std::fill(two.k.begin() + 1024, two.k.end(), b);
      two.v = {1, -1};
      two.problem.score_scale = 0x1p-10;
      dot = std::max(dot, ratio(two, false));
    }
    DrawnProblem many;  // keys of equal weight, or all but the first
    draw_normal(many, 1, 1, 1, 5000, seed);
    std::fill(many.q.begin(), many.q.end(), 1.0f);
    std::fill(many.v.begin(), many.v.end(), static_cast<float>(draw.uniform(0.5, 1)));
    many.problem.score_scale = 0;
    pv = std::max(pv, ratio(many, false));
    std::fill(many.k.begin(), many.k.end(), static_cast<float>(draw.uniform(-3, -1)));
    many.k[0] = 0;
    many.problem.score_scale = 1;
    denominator = std::max(denominator, ratio(many, true));
  }
  printf("error / hard bound: dot product %.3f, PV sum %.3f, denominator %.3f\n", dot, pv,
         denominator);
  EXPECT_GT(dot, 0.1);
  EXPECT_GT(pv, 0.1);
  EXPECT_GT(denominator, 0.1);
}

// Whether any element of `got` is over its hard bound.
bool caught(const AttentionResult& want, const StandInOutput& got) {
  for (size_t i = 0; i < want.o.size(); ++i)
    if (!(std::abs(got.o[i] - want.o[i]) <= want.o_hard[i])) return true;
  return false;
}

// The same, LSE included.
bool caught_anywhere(const AttentionResult& want, const StandInOutput& got) {
  for (size_t r = 0; r < want.lse.size(); ++r)
    if (!(std::abs(got.lse[r] - want.lse[r]) <= want.lse_hard[r])) return true;
  return caught(want, got);
}

// With P unquantised, one token too few or too many shows at any context up to 8192: it is over the
// bound, or, where its weight is too small for that, over the bound of the case with q = 0 (the
// relation `uniform`), in which every key weighs the same.
TEST(AttentionBound, CatchesADroppedOrExtraTokenAtAnyContext) {
  size_t by_bound = 0;
  constexpr size_t kCases = 120;
  for (uint64_t seed = 0; seed < kCases; ++seed) {
    std::mt19937_64 random(seed);
    const auto keys =
        static_cast<uint32_t>(std::exp2(std::uniform_real_distribution<double>(1, 13)(random)));
    SCOPED_TRACE(testing::Message() << "seed " << seed << ", context " << keys);
    DrawnProblem drawn;
    draw_normal(drawn, 2, 64, 64, keys + 1, seed);  // and one key that is not seen
    const std::vector<float> zeros(drawn.q.size());
    AttentionNumerics n;
    n.sum_lanes = 64;  // a wave's
    n.output = seed % 2 == 0 ? FloatFormat::kBf16 : FloatFormat::kF32;
    // Whether a kernel that sees `seen` keys is told from one that sees them all.
    const auto differs = [&](const float* q, uint32_t seen) {
      const std::vector<uint32_t> all(2, keys), last(2, seen);
      AttentionProblem p = drawn.problem;
      p.q = q;
      p.last = all.data();
      const AttentionResult want = attention(p, n);
      p.last = last.data();
      return caught_anywhere(want, stand_in_attention(p, n, StandInStyle()));
    };
    EXPECT_FALSE(differs(drawn.q.data(), keys) || differs(zeros.data(), keys));
    for (const uint32_t seen : {keys - 1, keys + 1}) {
      const bool over_the_bound = differs(drawn.q.data(), seen);
      by_bound += over_the_bound;
      EXPECT_TRUE(over_the_bound || differs(zeros.data(), seen)) << "sees " << seen;
    }
  }
  printf("%zu of %zu faults are over the bound without the relation\n", by_bound, 2 * kCases);
  EXPECT_GT(by_bound, 2 * kCases * 9 / 10);
}

TEST(AttentionBound, CatchesPlantedFaults) {
  for (uint32_t keys : {128u, 1024u, 8192u}) {
    SCOPED_TRACE(keys);
    DrawnProblem drawn;
    draw_normal(drawn, 8, 128, 128, keys + 1, keys);  // and one key that is not seen
    AttentionNumerics n;
    n.output = FloatFormat::kF32;
    const std::vector<uint32_t> all(8, keys), fewer(8, keys - 1), more(8, keys + 1);
    AttentionProblem right = drawn.problem;
    right.last = all.data();
    const AttentionResult want = attention(right, n);
    const auto output = [&](const AttentionProblem& p) {
      return stand_in_attention(p, n, StandInStyle());
    };
    EXPECT_FALSE(caught(want, output(right)));
    AttentionProblem wrong = right;
    wrong.last = fewer.data();
    EXPECT_TRUE(caught(want, output(wrong))) << "last token dropped";
    wrong.last = more.data();
    EXPECT_TRUE(caught(want, output(wrong))) << "one token too many";
    wrong = right;
    wrong.score_scale *= 1.01;
    EXPECT_TRUE(caught(want, output(wrong))) << "scale off by 1 %";
    wrong = right;
    std::vector<float> swapped = drawn.v;
    std::swap_ranges(swapped.begin(), swapped.begin() + 128, swapped.begin() + 128 * (keys / 2));
    wrong.v = swapped.data();
    EXPECT_TRUE(caught(want, output(wrong))) << "two tokens' V swapped";
  }
}

TEST(AttentionBound, IsTheSumOfItsTerms) {
  for (uint32_t seed = 0; seed < 300; ++seed) {
    Draw draw(seed);
    DrawnProblem drawn;
    draw_problem(draw, drawn);
    AttentionNumerics n = draw_numerics(draw);
    if (draw.chance(2)) draw_cast(draw, n);
    if (drawn.split_starts.empty()) n.partial = FloatFormat::kF32;
    const AttentionResult whole = attention(drawn.problem, n);
    const uint32_t r = draw.below(drawn.problem.rows), d = draw.below(drawn.problem.v_dim);
    const double hard = whole.o_hard[r * drawn.problem.v_dim + d];
    double sum = 0;
    for (const auto& [name, term] : attention_bound_terms(drawn.problem, n, r, d)) {
      EXPECT_GE(term, -1e-3 * hard) << name << " of case " << seed;
      sum += term;
    }
    EXPECT_NEAR(sum, hard, 1e-12 * hard) << seed;
  }
}

TEST(Attention, EmptyRowsAndSinks) {
  DrawnProblem drawn;
  draw_normal(drawn, 4, 8, 2, 5, 3);
  const uint32_t first[] = {0, 5, 0, 0}, last[] = {5, 5, 5, 5};
  const float sinks[] = {0, 0, static_cast<float>(kInf), static_cast<float>(-kInf)};
  drawn.problem.first = first;
  drawn.problem.last = last;
  const AttentionResult none = attention(drawn.problem, {});
  drawn.problem.sink = sinks;
  const AttentionResult some = attention(drawn.problem, {});
  EXPECT_EQ(none.lse, some.lse);
  EXPECT_EQ(none.lse[1], -kInf);
  EXPECT_EQ(none.o[2], 0);
  EXPECT_EQ(none.o_hard[2], 0);
  EXPECT_EQ(some.o[4], 0);
  EXPECT_EQ(some.o[6], none.o[6]);
  EXPECT_NEAR(some.o[0], none.o[0] / (1 + std::exp(-none.lse[0])), 1e-15);
}

TEST(Attention, MeanOfVIsWhatEqualScoresGive) {
  DrawnProblem drawn;
  draw_normal(drawn, 3, 8, 5, 700, 4);
  const uint32_t first[] = {0, 3, 500}, last[] = {700, 699, 600};
  drawn.problem.first = first;
  drawn.problem.last = last;
  drawn.problem.score_scale = 0;
  const AttentionResult result = attention(drawn.problem, {});
  for (size_t i = 0; i < result.o.size(); ++i) EXPECT_NEAR(result.mean_v[i], result.o[i], 1e-14);
}

TEST(Attention, RefusesWhatItCannotModel) {
  DrawnProblem drawn;
  draw_normal(drawn, 1, 8, 2, 5, 3);
  AttentionNumerics n;
  n.splits = 2;
  n.partial = FloatFormat::kBf16;
  EXPECT_THROW(attention(drawn.problem, n), std::invalid_argument);
  n.partial = FloatFormat::kF32;
  n.p = PFormat::kFp8;
  EXPECT_THROW(attention(drawn.problem, n), std::invalid_argument);
  const uint32_t last[] = {6};
  drawn.problem.last = last;
  EXPECT_THROW(attention(drawn.problem, {}), std::invalid_argument);
}

}  // namespace
}  // namespace wavefuzz::reference

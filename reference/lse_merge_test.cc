// The merge of partial attention states, against quad-precision arithmetic without its maximum, and
// by the laws of the algebra: attention over a union of key sets does not care how it was split.
#include "reference/lse_merge.h"

#include <gtest/gtest.h>
#include <quadmath.h>

#include <algorithm>
#include <cmath>
#include <random>

namespace wavefuzz::reference {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

// The bounds of f64 arithmetic: how far the reference itself may be off.
constexpr MergeNumerics kDouble = {
    .u = 0x1p-53, .smallest = 0x1p-1022, .output_bits = 53, .output_min_exponent = -1022};

struct State {
  std::vector<double> o;
  double lse;
};

std::vector<PartialState> views(const std::vector<State>& states) {
  std::vector<PartialState> partials;
  for (const State& s : states) partials.push_back({s.o.data(), s.lse});
  return partials;
}

MergedRow merge(const std::vector<State>& states, const MergeNumerics& n = kDouble,
                double sink = -kInf) {
  return merge_attn_states(views(states), states[0].o.size(), n, sink);
}

State state_of(const MergedRow& row) { return {row.o, row.lse}; }

class Random {
 public:
  explicit Random(uint32_t seed) : engine_(seed) {}
  double normal(double scale) { return std::normal_distribution<double>(0, scale)(engine_); }
  State state(size_t dims, double lse_spread) {
    State s = {{}, normal(lse_spread)};
    for (size_t d = 0; d < dims; ++d) s.o.push_back(normal(1));
    return s;
  }
  std::mt19937& engine() { return engine_; }

 private:
  std::mt19937 engine_;
};

// Naive on purpose: sum exp(L) O / sum exp(L). Quad exponents reach e^11000, so no maximum is
// needed.
struct Quad {
  std::vector<__float128> o;
  __float128 lse;
};
Quad quad_merge(const std::vector<State>& states, double sink) {
  Quad out = {std::vector<__float128>(states[0].o.size(), 0), 0};
  __float128 sum = 0;
  for (const State& s : states) {
    if (!std::isfinite(s.lse)) continue;
    sum += expq(s.lse);
    for (size_t d = 0; d < s.o.size(); ++d)
      out.o[d] += expq(s.lse) * static_cast<__float128>(s.o[d]);
  }
  out.lse = logq(sum);
  const __float128 denominator = sum + expq(sink);
  for (__float128& o : out.o) o /= denominator;
  return out;
}

TEST(LseMerge, AgreesWithQuadArithmetic) {
  Random random(1);
  for (int round = 0; round < 500; ++round) {
    std::vector<State> states;
    const double spread = std::vector<double>{0.1, 1, 10, 100, 1000}[round % 5];
    for (int i = 0; i < 1 + round % 8; ++i) states.push_back(random.state(4, spread));
    if (round % 3 == 0) states.push_back({{kNan, kInf, 0, 1}, -kInf});
    const double sink = round % 2 == 0 ? -kInf : random.normal(spread);
    const MergedRow row = merge(states, kDouble, sink);
    const Quad quad = quad_merge(states, sink);
    EXPECT_LE(fabsq(row.lse - quad.lse), row.lse_hard) << round;
    for (size_t d = 0; d < 4; ++d) EXPECT_LE(fabsq(row.o[d] - quad.o[d]), row.o_hard[d]) << round;
  }
}

// The steps of an f32 kernel, so that the f32 bounds are held against f32 arithmetic.
MergedRow float_merge(const std::vector<State>& states) {
  MergedRow row;
  float max = -INFINITY;
  for (const State& s : states) max = std::max(max, static_cast<float>(s.lse));
  std::vector<float> o(states[0].o.size(), 0);
  float sum = 0;
  for (const State& s : states) {
    const float w = exp2f((static_cast<float>(s.lse) - max) * 1.44269504f);
    sum += w;
    for (size_t d = 0; d < o.size(); ++d) o[d] += w * static_cast<float>(s.o[d]);
  }
  for (const float x : o) row.o.push_back(x * (1 / sum));
  row.lse = max + log2f(sum) * 0.693147182f;
  return row;
}

TEST(LseMerge, BoundsHoldForFloatArithmeticAndAreNotIdle) {
  Random random(2);
  double worst = 0, worst_lse = 0;
  for (int round = 0; round < 4000; ++round) {
    std::vector<State> states;
    for (int i = 0; i < 1 + round % 8; ++i) {
      State s = random.state(4, std::vector<double>{0.1, 3, 30}[round % 3]);
      s.lse = static_cast<float>(s.lse);
      for (double& x : s.o) x = static_cast<float>(x);
      states.push_back(s);
    }
    const MergedRow want = merge(states, {});
    const MergedRow got = float_merge(states);
    worst_lse = std::max(worst_lse, std::abs(got.lse - want.lse) / want.lse_hard);
    for (size_t d = 0; d < 4; ++d) {
      worst = std::max(worst, std::abs(got.o[d] - want.o[d]) / want.o_hard[d]);
      EXPECT_LE(want.o_likely[d], want.o_hard[d]);
    }
  }
  EXPECT_LE(worst, 1);
  EXPECT_LE(worst_lse, 1);
  EXPECT_GE(worst, 0.05);  // a bound that nothing comes near would let faults through
  EXPECT_GE(worst_lse, 0.05);
}

TEST(LseMerge, OneStateIsItself) {
  const State s = {{1, -2, 0.25}, 3.5};
  const MergedRow row = merge({s});
  EXPECT_EQ(row.o, s.o);
  EXPECT_EQ(row.lse, s.lse);
}

TEST(LseMerge, AnEmptyStateChangesNothingWhateverItHolds) {
  const std::vector<State> some = {{{1, 2}, 0.5}, {{3, -1}, -1.5}};
  const MergedRow row = merge(some);
  for (const double empty : {-kInf, kInf, kNan}) {
    for (const double junk : {0.0, kNan, kInf, 1e300}) {
      std::vector<State> with = some;
      with.insert(with.begin() + 1, State{{junk, junk}, empty});
      const MergedRow merged = merge(with);
      EXPECT_EQ(merged.o, row.o);
      EXPECT_EQ(merged.lse, row.lse);
    }
  }
}

TEST(LseMerge, NothingButEmptyStatesGiveZeroAndMinusInfinity) {
  const MergedRow row = merge({{{kNan, 7}, -kInf}, {{1, 2}, kInf}, {{3, 4}, kNan}});
  EXPECT_TRUE(row.empty);
  EXPECT_EQ(row.o, (std::vector<double>{0, 0}));
  EXPECT_EQ(row.lse, -kInf);
  const MergedRow sunk = merge({{{1, 1}, -kInf}}, kDouble, 2.0);
  EXPECT_EQ(sunk.o, (std::vector<double>{0, 0}));
  EXPECT_EQ(sunk.lse, -kInf);
}

TEST(LseMerge, WeightsAreThoseOfTheKeyCounts) {
  // Equal scores: lse = log of the key count, and O is the mean over all keys.
  const MergedRow row = merge({{{1}, std::log(3.0)}, {{5}, std::log(1.0)}});
  EXPECT_NEAR(row.o[0], 2, 1e-15);
  EXPECT_NEAR(row.lse, std::log(4.0), 1e-15);
}

TEST(LseMerge, Commutes) {
  Random random(3);
  for (int round = 0; round < 100; ++round) {
    std::vector<State> states;
    for (int i = 0; i < 5; ++i) states.push_back(random.state(3, 4));
    const MergedRow row = merge(states);
    std::shuffle(states.begin(), states.end(), random.engine());
    const MergedRow other = merge(states);
    EXPECT_NEAR(row.lse, other.lse, row.lse_hard + other.lse_hard);
    for (size_t d = 0; d < 3; ++d) {
      EXPECT_NEAR(row.o[d], other.o[d], row.o_hard[d] + other.o_hard[d]);
    }
  }
}

TEST(LseMerge, AssociatesWithinItsBound) {
  Random random(4);
  for (int round = 0; round < 200; ++round) {
    std::vector<State> states;
    for (int i = 0; i < 6; ++i) states.push_back(random.state(3, 1 + round % 20));
    const MergedRow flat = merge(states);
    const size_t cut = 1 + round % 5;
    const MergedRow left = merge({states.begin(), states.begin() + cut});
    const MergedRow right = merge({states.begin() + cut, states.end()});
    const std::vector<State> pair = {state_of(left), state_of(right)};
    const MergedRow tree = merge(pair);
    // The errors of the inner merges reach the outer one as those of its inputs:
    // sum p_i (|do_i| + |o_i - o| |dL_i|).
    const double lse_bound = flat.lse_hard + tree.lse_hard + left.lse_hard + right.lse_hard;
    EXPECT_NEAR(flat.lse, tree.lse, lse_bound);
    for (size_t d = 0; d < 3; ++d) {
      const double spread = std::abs(left.o[d] - tree.o[d]) + std::abs(right.o[d] - tree.o[d]);
      EXPECT_NEAR(flat.o[d], tree.o[d],
                  flat.o_hard[d] + tree.o_hard[d] + left.o_hard[d] + right.o_hard[d] +
                      spread * (left.lse_hard + right.lse_hard));
    }
  }
}

TEST(LseMerge, ASinkTakesItsShareOfTheOutputAndNoneOfTheLse) {
  const std::vector<State> states = {{{4}, 1.0}};
  EXPECT_DOUBLE_EQ(merge(states, kDouble, 1.0).o[0], 2);  // sink = lse: half of the mass
  EXPECT_EQ(merge(states, kDouble, 1.0).lse, 1.0);
  EXPECT_EQ(merge(states, kDouble, -kInf).o[0], 4);
  EXPECT_EQ(merge(states, kDouble, kInf).o[0], 0);
  EXPECT_EQ(merge(states, kDouble, kInf).lse, 1.0);
}

TEST(LseMerge, TermsAddUpToTheBound) {
  const std::vector<State> states = {{{4, 1}, 1.0}, {{-2, 1}, 0.25}};
  const MergedRow row = merge(states, {}, 0.5);
  double sum = 0;
  for (const auto& [name, value] : merge_bound_terms(views(states), 0, {}, 0.5)) sum += value;
  EXPECT_DOUBLE_EQ(sum, row.o_hard[0]);
}

TEST(LseConventions, RoundTripValuesAndEmptyRows) {
  for (const LseConvention& c : kLseConventions) {
    for (const double lse : {-30.0, -1.0, 0.0, 0.5, 700.0}) {
      EXPECT_NEAR(natural_lse(stored_lse(lse, c), c), lse, 1e-13 * std::abs(lse)) << c.name;
    }
    EXPECT_EQ(natural_lse(stored_lse(-kInf, c), c), -kInf) << c.name;
    EXPECT_EQ(natural_lse(kNan, c), -kInf) << c.name;
    EXPECT_EQ(find_lse_convention(c.name), &c);
  }
  EXPECT_EQ(find_lse_convention("fa7"), nullptr);
}

TEST(LseConventions, MergingThroughAnyConventionIsMergingNaturally) {
  Random random(5);
  for (const LseConvention& c : kLseConventions) {
    std::vector<State> states = {random.state(2, 3), random.state(2, 3), {{kNan, kNan}, -kInf}};
    const MergedRow want = merge(states);
    for (State& s : states) s.lse = natural_lse(stored_lse(s.lse, c), c);
    const MergedRow got = merge(states);
    EXPECT_NEAR(got.lse, want.lse, 1e-14) << c.name;
    for (size_t d = 0; d < 2; ++d) EXPECT_NEAR(got.o[d], want.o[d], 1e-14) << c.name;
  }
}

TEST(LseConventions, SayWhatTheProjectsStore) {
  const auto stored = [](const char* name, double lse) {
    return stored_lse(lse, *find_lse_convention(name));
  };
  EXPECT_EQ(stored("fa2", -kInf), kInf);
  EXPECT_EQ(stored("fa3", -kInf), -kInf);
  EXPECT_EQ(stored("flashmla", -kInf), kInf);
  EXPECT_EQ(stored("flashmla_partial", -kInf), -kInf);
  EXPECT_DOUBLE_EQ(stored("flashinfer", std::log(8.0)), 3);  // log2
  EXPECT_DOUBLE_EQ(stored("flashmla_partial", std::log(8.0)), 3);
  EXPECT_DOUBLE_EQ(stored("vllm_cuda", std::log(8.0)), std::log(8.0));
}

TEST(HalfUlp, IsThatOfTheFormat) {
  EXPECT_EQ(half_ulp(1.0, 24, -126), 0x1p-24);
  EXPECT_EQ(half_ulp(1.999, 8, -126), 0x1p-8);
  EXPECT_EQ(half_ulp(-2.0, 8, -126), 0x1p-7);
  EXPECT_EQ(half_ulp(0.0, 24, -126), 0x1p-150);
  EXPECT_EQ(half_ulp(0x1p-140, 24, -126), 0x1p-150);
}

}  // namespace
}  // namespace wavefuzz::reference

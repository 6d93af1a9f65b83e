// The gates of peers, at the edges of their rules.
#include "fuzz/judge/gates.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace wavefuzz {
namespace {

using Passes = std::map<std::string, bool>;

Passes gates(const std::vector<double>& expected, const std::vector<double>& got,
             size_t columns = 10) {
  Passes passes;
  GateFigures figures;
  evaluate_gates(expected, got, columns, passes, figures);
  return passes;
}

/// A hundred values, +1 and -1 by turns.
std::vector<double> hundred() {
  std::vector<double> out(100);
  for (size_t i = 0; i < out.size(); ++i) out[i] = i % 2 == 0 ? 1 : -1;
  return out;
}

std::vector<double> with_wrong(size_t count, double by) {
  std::vector<double> out = hundred();
  for (size_t i = 0; i < count; ++i) out[i] += by;
  return out;
}

TEST(Gates, PassWhatIsRight) {
  for (const auto& [gate, passes] : gates(hundred(), hundred())) EXPECT_TRUE(passes) << gate;
}

TEST(Gates, AiterAllowsFivePercentOfElementsToBeAnything) {
  EXPECT_TRUE(gates(hundred(), with_wrong(5, 100)).at("aiter"));
  EXPECT_FALSE(gates(hundred(), with_wrong(6, 100)).at("aiter"));
  EXPECT_TRUE(gates(hundred(), with_wrong(100, 0.0199)).at("aiter"));
  EXPECT_FALSE(gates(hundred(), with_wrong(100, 0.0201)).at("aiter"));
}

TEST(Gates, AllcloseAllowsNone) {
  EXPECT_TRUE(gates(hundred(), with_wrong(1, 0.0399)).at("allclose"));
  EXPECT_FALSE(gates(hundred(), with_wrong(1, 0.0401)).at("allclose"));
}

TEST(Gates, CosineDoesNotSeeAFactor) {
  std::vector<double> doubled = hundred();
  for (double& x : doubled) x *= 2;
  EXPECT_TRUE(gates(hundred(), doubled).at("cosine"));
  EXPECT_FALSE(gates(hundred(), doubled).at("calc_diff"));
  // One element of ten with the wrong sign: cosine 0.8 in one row of ten.
  EXPECT_FALSE(gates(hundred(), with_wrong(1, -2)).at("cosine"));
}

// A row that is uncorrelated garbage among n rows moves calc_diff by about 1 / n.
TEST(Gates, CalcDiffDilutesAWrongRow) {
  const std::vector<double> expected(100 * 4000, 1.0);
  std::vector<double> got = expected;
  for (size_t i = 0; i < 100; ++i) got[i] = i % 2 == 0 ? 1 : -1;
  const Passes passes = gates(expected, got, 100);
  EXPECT_TRUE(passes.at("calc_diff"));         // 1 / 8000
  EXPECT_FALSE(passes.at("calc_diff_tight"));  // against 5e-6
}

TEST(Gates, SeeNanButNotMaskedElements) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  std::vector<double> got = hundred();
  got[3] = nan;
  const Passes passes = gates(hundred(), got);
  EXPECT_TRUE(passes.at("aiter"));
  for (const char* gate : {"allclose", "cosine", "calc_diff", "calc_diff_tight"})
    EXPECT_FALSE(passes.at(gate)) << gate;
  std::vector<double> masked = hundred();
  masked[3] = -std::numeric_limits<double>::infinity();
  for (const auto& [gate, pass] : gates(masked, got)) EXPECT_TRUE(pass) << gate;
}

TEST(Gates, KeepTheWorstOfSeveralOutputs) {
  Passes passes = gates(hundred(), with_wrong(50, 1));
  GateFigures figures;
  evaluate_gates(hundred(), hundred(), 10, passes, figures);
  EXPECT_FALSE(passes.at("aiter"));
}

TEST(Gates, TopKOverlapAllowsOnePercent) {
  Passes passes;
  GateFigures figures;
  evaluate_overlap_gate(0.99, passes, figures);
  EXPECT_TRUE(passes.at("top_k_overlap"));
  evaluate_overlap_gate(0.98, passes, figures);
  EXPECT_FALSE(passes.at("top_k_overlap"));
  EXPECT_EQ(figures.overlap, 0.98);
}

TEST(Gates, FiguresAreTheWorstOfTheRowsAndOutputs) {
  Passes passes;
  GateFigures figures;
  evaluate_gates(std::vector<double>{1, 0, 1, 0}, std::vector<double>{1, 0, 0, 1}, 2, passes,
                 figures);  // the second row at a right angle
  ASSERT_TRUE(figures.cosine);
  EXPECT_EQ(figures.cosine->min, 0);
  EXPECT_EQ(figures.cosine->mean, 0.5);
  EXPECT_EQ(figures.cosine->max, 1);
  evaluate_gates(std::vector<double>{1, 0}, std::vector<double>{std::nan(""), 0}, 2, passes,
                 figures);
  EXPECT_TRUE(std::isnan(figures.cosine->min));
}

}  // namespace
}  // namespace wavefuzz

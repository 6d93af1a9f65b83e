#include "reference/rms_norm.h"

#include <gtest/gtest.h>

#include <cmath>

namespace wavefuzz::reference {
namespace {

TEST(RmsNorm, ARowOfOneMagnitudeIsItsWeights) {
  const std::vector<float> x = {3, -3, 3, 3}, weight = {1, 2, 0.5f, 4};
  const RmsNormRow row = rms_norm(x, weight, {.epsilon = 0, .divisor = 448, .floor = 0});
  EXPECT_DOUBLE_EQ(row.scale, 4.0 / 448);
  EXPECT_DOUBLE_EQ(row.quotient[0], 112);
  EXPECT_DOUBLE_EQ(row.quotient[1], -224);
  EXPECT_DOUBLE_EQ(row.quotient[3], 448);
}

TEST(RmsNorm, EpsilonStandsInsideTheRoot) {
  const std::vector<float> x = {1}, weight = {1};
  const RmsNormRow row = rms_norm(x, weight, {.epsilon = 3, .divisor = 1, .floor = 0});
  EXPECT_DOUBLE_EQ(row.scale, 0.5);
}

TEST(RmsNorm, ARowOfZerosHasTheFloorForAScale) {
  const std::vector<float> x = {0, 0}, weight = {1, 1};
  const RmsNormRow row = rms_norm(x, weight, {.epsilon = 1e-6, .divisor = 448, .floor = 0x1p-10});
  EXPECT_EQ(row.scale, 0x1p-10);
  EXPECT_EQ(row.quotient, (std::vector<double>{0, 0}));
}

// f32 arithmetic as a kernel does it stays within the bound, and the bound is no free pass.
TEST(RmsNorm, F32StaysWithinTheBound) {
  std::vector<float> x, weight;
  uint32_t hash = 7;
  for (int i = 0; i < 3000; ++i) {
    hash = hash * 1664525u + 1013904223u;
    x.push_back(static_cast<float>(static_cast<int32_t>(hash) >> 12) / 4096);
    weight.push_back(1 + static_cast<float>(hash & 255) / 256);
  }
  float squares = 0;
  for (const float value : x) squares += value * value;
  const float inverse = 1.0f / std::sqrt(squares / 3000.0f + 1e-6f);
  float amax = 0;
  for (int i = 0; i < 3000; ++i) amax = std::max(amax, std::abs(x[i] * inverse * weight[i]));
  const RmsNormRow row = rms_norm(x, weight, {.epsilon = 1e-6, .divisor = 448, .floor = 0});
  const double error = std::abs(amax / 448.0f / row.scale - 1);
  EXPECT_GT(error, 0);
  EXPECT_LE(error, row.scale_error);
  EXPECT_LT(row.scale_error, 1e-3);
}

}  // namespace
}  // namespace wavefuzz::reference

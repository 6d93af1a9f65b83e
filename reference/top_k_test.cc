// Top-k by enumeration: of a small row every choice of k columns is right or wrong by comparing
// logits, without keys.
#include "reference/top_k.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace wavefuzz::reference {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

TEST(TopK, EveryChoiceIsRightExactlyWhenNothingLeftOutIsLarger) {
  const std::vector<std::vector<float>> rows = {
      {1, 2, 3, 4, 5}, {5, 4, 3, 2, 1}, {0, 0, 0, 0, 0}, {1, 1, 2, 2, 3}, {-1, 7, -1, 7, -kInf}};
  for (const std::vector<float>& row : rows) {
    const int n = static_cast<int>(row.size());
    for (int k = 1; k < n; ++k) {
      for (int chosen = 0; chosen < 1 << n; ++chosen) {
        std::vector<int32_t> indices;
        for (int i = 0; i < n; ++i) {
          if (chosen >> i & 1) indices.push_back(i);
        }
        if (static_cast<int>(indices.size()) != k) continue;
        bool right = true;
        for (int in = 0; in < n; ++in) {
          for (int out = 0; out < n; ++out)
            right &= !(chosen >> in & 1) || (chosen >> out & 1) || row[in] >= row[out];
        }
        do {
          EXPECT_EQ(!check_top_k(row, indices).has_value(), right);
        } while (std::next_permutation(indices.begin(), indices.end()));
      }
    }
  }
}

TEST(TopK, IndicesAreDifferentAndInTheRow) {
  const std::vector<float> row = {3, 3, 3};
  const auto fault = [&](std::vector<int32_t> indices) { return check_top_k(row, indices); };
  EXPECT_FALSE(fault({2, 0}));
  EXPECT_EQ(fault({1, 1})->slot, 1u);
  EXPECT_EQ(fault({0, 3})->slot, 1u);
  EXPECT_EQ(fault({-1, 0})->slot, 0u);
}

TEST(TopK, AShortRowIsTakenInOrderAndPadded) {
  const std::vector<float> row = {1, kNan};  // its logits do not matter
  const auto fault = [&](std::vector<int32_t> indices) { return check_top_k(row, indices); };
  EXPECT_FALSE(fault({0, 1}));
  EXPECT_FALSE(fault({0, 1, -1, -1}));
  EXPECT_TRUE(fault({1, 0}));
  EXPECT_TRUE(fault({0, 1, -1, 0}));
  EXPECT_TRUE(fault({0, -1, 1}));
}

TEST(TopK, OrderIsThatOfTheBits) {
  const std::vector<float> ascending = {-kNan, -kInf,  -1, -1e-40f, -0.0f,
                                        0.0f,  1e-40f, 1,  kInf,    kNan};
  for (size_t i = 1; i < ascending.size(); ++i)
    EXPECT_LT(order_key(ascending[i - 1]), order_key(ascending[i])) << i;
}

TEST(TopK, OverlapCountsRightIndices) {
  const std::vector<float> row = {9, 8, 1, 2};
  EXPECT_EQ(top_k_overlap(row, std::vector<int32_t>{0, 1}), 1);
  EXPECT_EQ(top_k_overlap(row, std::vector<int32_t>{0, 2}), 0.5);
  EXPECT_EQ(top_k_overlap(row, std::vector<int32_t>{0, 0}), 0.5);
}

TEST(TopK, ColumnsOfARow) {
  const std::vector<int64_t> lengths = {5, 1}, ends = {7, 3}, starts = {2, 3};
  const auto columns = [&](TopKForm form, std::span<const int64_t> l, int64_t row) {
    const TopKColumns c = top_k_columns(form, l, starts, 3, row);
    return std::pair(c.begin, c.end);
  };
  using Pair = std::pair<int64_t, int64_t>;
  EXPECT_EQ(columns(TopKForm::kDecode1d, lengths, 0), Pair(0, 3));
  EXPECT_EQ(columns(TopKForm::kDecode1d, lengths, 2), Pair(0, 5));
  EXPECT_EQ(columns(TopKForm::kDecode1d, lengths, 3), Pair(0, 0));  // 1 - 3 + 0 + 1 = -1
  EXPECT_EQ(columns(TopKForm::kDecode1d, lengths, 5), Pair(0, 1));
  EXPECT_EQ(columns(TopKForm::kDecode2d, lengths, 1), Pair(0, 1));
  EXPECT_EQ(columns(TopKForm::kPrefill, ends, 0), Pair(2, 7));
  EXPECT_EQ(columns(TopKForm::kPrefill, ends, 1), Pair(3, 3));
}

}  // namespace
}  // namespace wavefuzz::reference

#include "fuzz/operators/simpler.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>

namespace wavefuzz {
namespace {

TEST(Chunks, GoFromTheWholeListToSingleElements) {
  const std::vector<std::pair<size_t, size_t>> expected = {{0, 4}, {0, 2}, {2, 4}, {0, 1},
                                                           {1, 2}, {2, 3}, {3, 4}};
  EXPECT_EQ(chunks(4), expected);
  EXPECT_TRUE(chunks(0).empty());
}

TEST(Chunks, IncludeEverySingleElement) {
  EXPECT_TRUE(rc::check("each element of a list can be dropped alone", [] {
    const auto size = *rc::gen::inRange<size_t>(1, 200);
    const auto at = *rc::gen::inRange<size_t>(0, size);
    const auto all = chunks(size);
    RC_ASSERT(std::find(all.begin(), all.end(), std::pair(at, at + 1)) != all.end());
  }));
}

TEST(Toward, TriesTheTargetFirstAndTheNextIntegerLast) {
  EXPECT_EQ(toward(16, 0), (std::vector<int64_t>{0, 8, 12, 14, 15}));
  EXPECT_EQ(toward(3, 3), std::vector<int64_t>{});
  EXPECT_EQ(toward(-4, -1), (std::vector<int64_t>{-1, -3}));
}

TEST(Toward, StaysBetweenTheValueAndTheTarget) {
  EXPECT_TRUE(rc::check("each step is nearer to the target", [](int32_t value, int32_t target) {
    for (const int64_t step : toward(value, target)) {
      RC_ASSERT(std::abs(step - target) < std::abs(int64_t{value} - target));
    }
  }));
}

std::vector<RowRecipe> simpler_ones(const RowRecipe& row) {
  std::vector<RowRecipe> out;
  const auto bits = fill_row(row, Dtype::kBf16, quant::Fp8::kE4m3fn, 4, {1, "k", 0});
  for (const auto& step : simpler_row(row, Dtype::kBf16, bits)) {
    out.push_back(row);
    step(out.back());
  }
  return out;
}

TEST(SimplerRows, FirstDropThePatternThenSpellItOut) {
  const auto rows = simpler_ones({"one", 3, {{1, 0x0000}}});
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0], (RowRecipe{"zero", 0, {{1, 0x0000}}}));
  EXPECT_EQ(rows[1], (RowRecipe{"zero", 0, {{0, 0x4100}, {2, 0x4100}, {3, 0x4100}}}));  // 8.0
}

TEST(SimplerRows, DropElementsAndMakeValuesPlainer) {
  const auto rows = simpler_ones({"zero", 0, {{2, 0xC040}}});  // -3 in column 2
  const auto has = [&](const RowRecipe& row) {
    return std::find(rows.begin(), rows.end(), row) != rows.end();
  };
  EXPECT_TRUE(has({"zero", 0, {}}));
  EXPECT_TRUE(has({"zero", 0, {{2, 0x3F80}}}));  // 1
  EXPECT_TRUE(has({"zero", 0, {{2, 0x4040}}}));  // 3
  EXPECT_TRUE(has({"zero", 0, {{2, 0xC000}}}));  // -2
  EXPECT_TRUE(has({"zero", 0, {{0, 0xC040}}}));  // in column 0
}

TEST(SimplerRows, EndAtASingleOneInColumnZero) {
  const auto rows = simpler_ones({"zero", 0, {{0, 0x3F80}}});
  EXPECT_EQ(rows, std::vector<RowRecipe>{RowRecipe{}});
}

}  // namespace
}  // namespace wavefuzz

#include "fuzz/operators/relation.h"

#include <gtest/gtest.h>

#include <cstring>
#include <limits>

namespace wavefuzz {
namespace {

const TensorView kView = {"out", "o", Dtype::kF32, 0, {"d"}, {3}, {4}};

Outcome wrote(std::vector<float> values) {
  std::vector<uint8_t> bytes(values.size() * 4);
  std::memcpy(bytes.data(), values.data(), bytes.size());
  Outcome outcome;
  outcome.written.push_back({"out", {{0, bytes}}});
  return outcome;
}

Verdict compare(std::vector<float> a, std::vector<float> b, std::vector<ElementPair> pairs,
                std::vector<double> tolerance = {}) {
  const Case c;
  const Manifest manifest;
  const std::vector<Buffer> buffers;
  const Outcome ours = wrote(a), theirs = wrote(b);
  Judge judge(buffers, ours);
  judge.unspecified("out", 0, 12);
  compare_elements("swapped", {c, manifest, buffers, ours}, kView, {c, manifest, buffers, theirs},
                   kView, pairs, tolerance, judge);
  return judge.finish();
}

TEST(Relation, HoldsForTheSameBits) {
  EXPECT_TRUE(compare({1, 2, 3}, {1, 2, 3}, each_with_itself(kView)).findings.empty());
  EXPECT_TRUE(compare({1, 2, 3}, {3, 2, 1}, {{0, 2}, {1, 1}, {2, 0}}).findings.empty());
  EXPECT_FALSE(compare({0, 2, 3}, {-0.0f, 2, 3}, each_with_itself(kView)).findings.empty());
}

TEST(Relation, NamesTheFirstPairThatDiffers) {
  const Verdict v = compare({1, 2, 3}, {1, 5, 6}, each_with_itself(kView));
  EXPECT_EQ(signature(v), "relation:o.swapped");
  EXPECT_EQ(v.findings[0].message,
            "swapped: o[d 1] is 2, and o[d 1] of the related case is 5; 2 elements in all");
}

TEST(Relation, AllowsATolerance) {
  const std::vector<double> tolerance(3, 0.5);
  const float inf = std::numeric_limits<float>::infinity();
  const float nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_TRUE(
      compare({1, inf, nan}, {1.5, inf, nan}, each_with_itself(kView), tolerance).findings.empty());
  EXPECT_FALSE(
      compare({1, inf, 3}, {1, -inf, 3}, each_with_itself(kView), tolerance).findings.empty());
  EXPECT_FALSE(
      compare({1, 2, nan}, {1, 2, 3}, each_with_itself(kView), tolerance).findings.empty());
  EXPECT_FALSE(
      compare({1.6f, 2, 3}, {1, 2, 3}, each_with_itself(kView), tolerance).findings.empty());
}

}  // namespace
}  // namespace wavefuzz

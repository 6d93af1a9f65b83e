#include "fuzz/buckets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace wavefuzz {
namespace {

using testing::ElementsAre;
using testing::Pair;

JobResult result(const std::string& kernel, const std::string& target, const std::string& plant,
                 const std::string& boundary) {
  JobResult r;
  r.job = {kernel, plant, target};
  CampaignFinding f;
  f.shrunk.verdict.findings = {{"wrong_value", "o", "o[0] is wrong", ""}};
  f.boundary = boundary;
  r.findings = {f};
  return r;
}

TEST(Buckets, AreKernelsThatFailAlikeWithinTheSameBoundary) {
  const Harness harness({"gpu/manifests/paged_attention_decode.json",
                         "gpu/manifests/paged_attention_decode_mfma.json"},
                        Roots());
  const std::string scalar = "paged_attention_decode", mfma = "paged_attention_decode_mfma";
  const std::vector<Bucket> all = buckets(
      harness, {result(scalar, "sim:gfx950", "", "fails for ctx 3; independent of qlen"),
                result(scalar, "sim:gfx942", "", "fails for qlen 4; independent of ctx"),
                result(scalar, "sim:gfx942", "", "fails for ctx 3; independent of qlen, gqa"),
                result(mfma, "sim:gfx942", "", "fails for ctx 5"),
                result(scalar, "sim:gfx942", "rows_of_16", "fails for ctx 3")});
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].boundary(), "fails for ctx 3");
  EXPECT_THAT(all[0].boundaries,
              ElementsAre(Pair("fails for ctx 3", 2), Pair("fails for ctx 5", 1)));
  EXPECT_EQ(all[0].signature, "wrong_value:o");
  EXPECT_THAT(all[0].kernels, ElementsAre(Pair(scalar, ElementsAre("sim:gfx942", "sim:gfx950")),
                                          Pair(mfma, ElementsAre("sim:gfx942"))));
  EXPECT_EQ(all[1].boundary(), "fails for qlen 4");
}

}  // namespace
}  // namespace wavefuzz

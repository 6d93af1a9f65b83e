#include "fuzz/search/buckets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace wavefuzz {
namespace {

using testing::ElementsAre;
using testing::Pair;

AxisBoundary fails_for(const std::string& axis, int64_t value) {
  AxisBoundary a;
  a.axis = axis;
  a.form = AxisBoundary::Form::kListed;
  a.fails = {value};
  return a;
}

AxisBoundary free_of(const std::string& axis) {
  AxisBoundary a;
  a.axis = axis;
  return a;
}

/// The error is within its bound from `value` on.
AxisBoundary sinks_at(const std::string& axis, int64_t value) {
  AxisBoundary a;
  a.axis = axis;
  a.form = AxisBoundary::Form::kInterval;
  a.last = value - 1;
  a.passes_above = value;
  a.sinks_above = true;
  return a;
}

JobResult result(const std::string& kernel, const std::string& target, const std::string& plant,
                 std::vector<AxisBoundary> axes, const std::string& instruction = "") {
  JobResult r;
  r.job = {kernel, plant, target};
  CampaignFinding f;
  f.shrunk.verdict.findings = {{FindingKind::kWrongValue, "o", "o[0] is wrong", instruction}};
  f.boundary = Boundary{.axes = std::move(axes)};
  r.findings = {f};
  return r;
}

TEST(Buckets, AreKernelsThatFailAlikeWithinTheSameBoundary) {
  const Harness harness({"gpu/manifests/paged_attention_decode.json",
                         "gpu/manifests/paged_attention_decode_mfma.json"},
                        Roots());
  const std::string scalar = "paged_attention_decode", mfma = "paged_attention_decode_mfma";
  const std::vector<Bucket> all =
      buckets(harness, {result(scalar, "sim:gfx950", "", {fails_for("ctx", 3), free_of("qlen")}),
                        result(scalar, "sim:gfx942", "", {fails_for("qlen", 4), free_of("ctx")}),
                        result(scalar, "sim:gfx942", "", {fails_for("ctx", 3), free_of("gqa")}),
                        result(mfma, "sim:gfx942", "", {fails_for("ctx", 5)}),
                        result(scalar, "sim:gfx942", "rows_of_16", {fails_for("ctx", 3)})});
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].boundary(), "fails for ctx 3");
  EXPECT_THAT(all[0].boundaries,
              ElementsAre(Pair("fails for ctx 3", 2), Pair("fails for ctx 5", 1)));
  EXPECT_EQ(all[0].signature, "wrong_value:o");
  EXPECT_THAT(all[0].kernels, ElementsAre(Pair(scalar, ElementsAre("sim:gfx942", "sim:gfx950")),
                                          Pair(mfma, ElementsAre("sim:gfx942"))));
  EXPECT_EQ(all[1].boundary(), "fails for qlen 4");
}

TEST(Buckets, AreToldApartByTheInstructionAtFaultWhateverItsRegisters) {
  const std::string kernel = "paged_attention_decode";
  const Harness harness({"gpu/manifests/paged_attention_decode.json"}, Roots());
  const std::vector<Bucket> all =
      buckets(harness, {result(kernel, "sim:gfx942", "", {}, "global_store_short v[2:3], v4, off"),
                        result(kernel, "sim:gfx950", "", {}, "global_store_short v[0:1], v9, off"),
                        result(kernel, "sim:gfx950", "", {}, "global_load_dword v1, v[0:1], off")});
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].instruction, "global_load_dword");
  EXPECT_EQ(all[1].instruction, "global_store_short");
  EXPECT_THAT(all[1].kernels, ElementsAre(Pair(kernel, ElementsAre("sim:gfx942", "sim:gfx950"))));
}

TEST(Buckets, AreNotToldApartByWhereAnErrorSinksIntoItsBound) {
  const std::string kernel = "paged_attention_decode";
  const Harness harness({"gpu/manifests/paged_attention_decode.json"}, Roots());
  const std::vector<Bucket> all = buckets(
      harness,
      {result(kernel, "sim:gfx942", "", {fails_for("qlen", 2)}),
       result(kernel, "sim:gfx950", "", {fails_for("qlen", 2), sinks_at("head_dim", 292)})});
  ASSERT_EQ(all.size(), 1u);
  EXPECT_THAT(all[0].boundaries,
              ElementsAre(Pair("fails for qlen 2", 1),
                          Pair("fails for qlen 2; head_dim up to 291 (error sinks into the bound "
                               "at 292)",
                               1)));
}

TEST(Boundary, IsTheSameAfterItWasStored) {
  AxisBoundary interval;
  interval.axis = "ctx";
  interval.value = 245;
  interval.form = AxisBoundary::Form::kInterval;
  interval.first = 241;
  interval.last = 255;
  interval.passes_below = 240;
  interval.passes_above = 256;
  interval.values = 80;
  AxisBoundary periodic;
  periodic.axis = "heads";
  periodic.form = AxisBoundary::Form::kPeriodic;
  periodic.first = 1;
  periodic.last = 15;
  periodic.period = 16;
  const Boundary boundary = {
      .axes = {interval, periodic, sinks_at("nope", 292), fails_for("gqa", 3), free_of("qlen")},
      .cases = 99,
      .complete = false};
  const Boundary again = boundary_of(nlohmann::json::parse(to_json(boundary).dump()));
  EXPECT_EQ(again.sentence(),
            "fails for ctx 241..255 (passes at 240 and 256); heads % 16 in 1..15; nope up to 291 "
            "(error sinks into the bound at 292); gqa 3; independent of qlen");
  EXPECT_EQ(to_json(again), to_json(boundary));
  EXPECT_EQ(again.cases, 99u);
  EXPECT_FALSE(again.complete);
}

}  // namespace
}  // namespace wavefuzz

// The exact judge: every way in which an output can be wrong, and the ways in which it is right.
#include "fuzz/judge/judge.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <limits>

namespace wavefuzz {
namespace {

/// Two units of three bytes at 10..12 and 20..22, with a value of two bytes and a tag.
Expectation expectation() {
  return {"out", {{{10, 11, 12}, {{1, 2, 3}}}, {{20, 21, 22}, {{4, 5, 6}}}}};
}

ByteDescription describe(size_t unit, size_t index, const std::vector<uint8_t>& expected,
                         const std::vector<uint8_t>& got) {
  return {index < 2 ? "value" : "tag",
          fmt::format("unit {} byte {}: {} {}", unit, index, expected[index], got[index])};
}

Outcome wrote(std::vector<Extent> extents) {
  Outcome outcome;
  outcome.written.push_back({"out", std::move(extents)});
  return outcome;
}

Verdict judge_exact(const Expectation& expectation, const Outcome& outcome) {
  const std::vector<Buffer> buffers;
  Judge judge(buffers, outcome);
  judge.exact(expectation, describe);
  return judge.finish();
}

Verdict judge(const Outcome& outcome) { return judge_exact(expectation(), outcome); }

TEST(JudgeExact, PassesExactlyTheExpectedBytes) {
  const Verdict v = judge(wrote({{10, {1, 2, 3}}, {20, {4, 5, 6}}}));
  EXPECT_EQ(v.status, Status::kPass);
  EXPECT_TRUE(v.findings.empty());
}

TEST(JudgeExact, NamesTheFirstWrongByteOfEachField) {
  const Verdict v = judge(wrote({{10, {1, 9, 3}}, {20, {4, 5, 7}}}));
  EXPECT_EQ(v.status, Status::kFail);
  ASSERT_EQ(v.findings.size(), 2u);
  EXPECT_EQ(v.findings[0].where, "out.tag");
  EXPECT_EQ(v.findings[0].message, "unit 1 byte 2: 6 7");
  EXPECT_EQ(v.findings[1].where, "out.value");
  EXPECT_EQ(v.findings[1].message, "unit 0 byte 1: 2 9");
  EXPECT_EQ(signature(v), "wrong_value:out.tag");
}

TEST(JudgeExact, FindsAByteThatWasNotWritten) {
  const Verdict v = judge(wrote({{10, {1, 2, 3}}, {20, {4}}, {22, {6}}}));
  EXPECT_EQ(signature(v), "missing_write:out.value");
}

TEST(JudgeExact, FindsAByteThatShouldHaveBeenLeftAlone) {
  const Verdict v = judge(wrote({{10, {1, 2, 3, 0}}, {20, {4, 5, 6}}}));
  EXPECT_EQ(signature(v), "stray_write:out");
  EXPECT_EQ(v.findings[0].message, "out bytes 13..13 were written and are no part of the output");
}

TEST(JudgeExact, FindsAWriteToAnotherBuffer) {
  Outcome outcome = wrote({{10, {1, 2, 3}}, {20, {4, 5, 6}}});
  outcome.written.push_back({"in", {{0, {1}}}});
  EXPECT_EQ(signature(judge(outcome)), "stray_write:in");
}

TEST(JudgeExact, AcceptsEitherAlternativeButNoMixture) {
  Expectation either = {"out", {{{0, 1}, {{1, 1}, {2, 2}}}}};
  const auto verdict = [&](std::vector<uint8_t> bytes) {
    return judge_exact(either, wrote({{0, bytes}})).status;
  };
  EXPECT_EQ(verdict({1, 1}), Status::kPass);
  EXPECT_EQ(verdict({2, 2}), Status::kPass);
  EXPECT_EQ(verdict({1, 2}), Status::kFail);
}

TEST(JudgeExact, PutsWhatTheTargetSawFirst) {
  Outcome outcome = wrote({{10, {9, 9, 9}}, {20, {4, 5, 6}}});
  outcome.findings.push_back(
      {FindingKind::kOutOfBoundsWrite, "", "store beyond out", "global_store_byte", 16});
  const Verdict v = judge(outcome);
  EXPECT_EQ(signature(v), "out_of_bounds_write");
  EXPECT_EQ(v.findings[0].instruction, "global_store_byte");
}

TEST(JudgeExact, CallsACaseWeakThatAKernelDoingNothingWouldPass) {
  EXPECT_EQ(judge_exact({"out", {}}, Outcome()).status, Status::kWeak);
  EXPECT_EQ(judge_exact({"out", {}}, wrote({{0, {1}}})).status, Status::kFail);
}

TEST(JudgeExact, ReportsWhatTheTargetLacks) {
  Outcome outcome;
  outcome.status = Outcome::Status::kUnsupported;
  outcome.unsupported = "v_new_op";
  const Verdict v = judge(outcome);
  EXPECT_EQ(v.status, Status::kUnsupported);
  EXPECT_EQ(v.reason, "v_new_op");
}

TEST(JudgeExact, JudgesNothingOfALaunchThatALimitEnded) {
  Outcome outcome = wrote({{10, {9, 9, 9}}, {100, {1}}});
  outcome.status = Outcome::Status::kTooLarge;
  outcome.too_large = "20000000 instructions executed by one group";
  Verdict v = judge(outcome);
  EXPECT_EQ(v.status, Status::kTooLarge);
  EXPECT_EQ(v.reason, "20000000 instructions executed by one group");
  EXPECT_TRUE(v.findings.empty());

  // What it had done wrong before stays wrong.
  outcome.findings.push_back({.kind = FindingKind::kDataRace,
                              .message = "two waves",
                              .instruction = "ds_write_b32",
                              .pc = 16});
  v = judge(outcome);
  EXPECT_EQ(v.status, Status::kFail);
  ASSERT_EQ(v.findings.size(), 1u);
  EXPECT_EQ(signature(v), "data_race");
}

TEST(JudgeExact, KeepsAFewFindingsOfAKind) {
  Expectation many = {"out", {}};
  for (uint64_t i = 0; i < 100; ++i) many.units.push_back({{i}, {{1}}});
  EXPECT_EQ(judge_exact(many, wrote({{0, std::vector<uint8_t>(100, 2)}})).findings.size(), 4u);
}

/// A tensor "o" of 2 x 2 f32 with a gap of four bytes after each row, hard bound 0.1, likely 0.01.
ExpectedTensor tensor() {
  ExpectedTensor t;
  t.view = {"out", "o", Dtype::kF32, 8, {"row", "d"}, {2, 2}, {12, 4}};
  t.value = {1, 2, 3, 4};
  t.hard.assign(4, 0.1);
  t.likely.assign(4, 0.01);
  return t;
}

std::vector<uint8_t> floats(std::vector<float> values) {
  std::vector<uint8_t> out(values.size() * 4);
  std::memcpy(out.data(), values.data(), out.size());
  return out;
}

Verdict judge_numeric(const ExpectedTensor& expected, std::vector<float> row0,
                      std::vector<float> row1, JudgeOptions options = {}) {
  const Outcome outcome = wrote({{8, floats(row0)}, {20, floats(row1)}});
  const std::vector<Buffer> buffers;
  Judge judge(buffers, outcome, options);
  judge.numeric(expected);
  return judge.finish();
}

TEST(JudgeNumeric, PassesWithinTheBoundAndKeepsTheLargestShareOfIt) {
  const Verdict v = judge_numeric(tensor(), {1, 2.005f}, {3, 4});
  EXPECT_EQ(v.status, Status::kPass);
  EXPECT_NEAR(v.bound_use.worst, 0.05, 1e-4);
  EXPECT_EQ(v.bound_use.counts, (std::array<uint64_t, 8>{3, 0, 0, 0, 1, 0, 0, 0}));
}

TEST(JudgeNumeric, NamesTheElementOverTheBound) {
  const Verdict v = judge_numeric(tensor(), {1, 2}, {3.5f, 4});
  EXPECT_EQ(signature(v), "wrong_value:out.o");
  EXPECT_EQ(v.findings[0].message, "o[row 1, d 0]: expected 3 +- 0.1, got 3.5");
}

TEST(JudgeNumeric, CallsWhatIsUnlikelySuspect) {
  const Verdict v = judge_numeric(tensor(), {1, 2.05f}, {3, 4});
  EXPECT_EQ(v.status, Status::kSuspect);
  EXPECT_EQ(v.suspects.size(), 1u);
}

TEST(JudgeNumeric, PutsTheInfinitiesAndNansOfAStageFirst) {
  const float inf = std::numeric_limits<float>::infinity(), nan = inf - inf;
  ExpectedTensor lse = tensor();
  lse.view.field = "lse";
  const auto two = [&](const std::string& stage_of_lse) {
    const Outcome outcome = wrote({{8, floats({nan, 3})}, {20, floats({3, inf})}});
    const std::vector<Buffer> buffers;
    Judge judge(buffers, outcome);
    judge.stage("first");
    ExpectedTensor o = tensor();
    o.value[0] = std::numeric_limits<double>::quiet_NaN();  // unspecified
    o.value[3] = inf;
    judge.numeric(o);
    judge.stage(stage_of_lse);
    judge.numeric(lse);
    std::vector<std::string> kinds;
    for (const Finding& f : judge.finish().findings) kinds.push_back(signature(f));
    return kinds;
  };
  EXPECT_THAT(two("first"),
              testing::ElementsAre("infinite_value:first/out.lse", "nan_value:first/out.lse",
                                   "wrong_value:first/out.o", "wrong_value:first/out.lse"));
  EXPECT_THAT(two("second"),
              testing::ElementsAre("wrong_value:first/out.o", "infinite_value:second/out.lse",
                                   "nan_value:second/out.lse", "wrong_value:second/out.lse"));
}

TEST(JudgeNumeric, TellsNanAndAWrongMaskFromAWrongValue) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(signature(judge_numeric(tensor(), {1, nan}, {3, 4})), "nan_value:out.o");
  ExpectedTensor masked = tensor();
  masked.value[1] = -std::numeric_limits<double>::infinity();
  EXPECT_EQ(signature(judge_numeric(masked, {1, 2}, {3, 4})), "wrong_mask:out.o");
  EXPECT_EQ(judge_numeric(masked, {1, -std::numeric_limits<float>::infinity()}, {3, 4}).status,
            Status::kPass);
}

TEST(JudgeNumeric, TakesNoBoundThatIsNoFiniteNumberFromZeroOn) {
  constexpr double inf = std::numeric_limits<double>::infinity();
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  for (const double bound : {nan, inf, -inf, -1e-300}) {
    ExpectedTensor hard = tensor();
    hard.hard[2] = bound;
    const Verdict v = judge_numeric(hard, {1, 2}, {1e6f, 4});
    EXPECT_EQ(v.status, Status::kFail);
    EXPECT_EQ(signature(v), name(FindingKind::kInternalError));
    ASSERT_EQ(v.findings.size(), 1u);
    EXPECT_EQ(v.findings[0].message,
              fmt::format("the hard bound of o[row 1, d 0] is {}, which is no finite number >= 0",
                          bound));
    // Nor is it right because the value is.
    EXPECT_EQ(signature(judge_numeric(hard, {1, 2}, {3, 4})), name(FindingKind::kInternalError));
    ExpectedTensor likely = tensor();
    likely.likely[1] = bound;
    EXPECT_EQ(judge_numeric(likely, {1, 2}, {3, 4}).findings[0].message,
              fmt::format("the likely bound of o[row 0, d 1] is {}, which is no finite number >= 0",
                          bound));
    // It comes before what else is wrong.
    EXPECT_EQ(signature(judge_numeric(hard, {1, 9}, {3, -float(inf)})),
              name(FindingKind::kInternalError));
  }
}

TEST(JudgeNumeric, AsksForNoBoundWhereThereIsNothingToBound) {
  constexpr double inf = std::numeric_limits<double>::infinity();
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  ExpectedTensor t = tensor();
  t.value = {1, nan, -inf, 4};
  t.absent = {false, false, false, true};
  t.hard = {0, nan, inf, nan};
  t.likely = {0, nan, inf, nan};
  EXPECT_EQ(judge_numeric(t, {1, 9}, {-float(inf)}).status, Status::kPass);
}

TEST(JudgeNumeric, LeavesUnspecifiedElementsAlone) {
  ExpectedTensor t = tensor();
  t.value[3] = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(judge_numeric(t, {1, 2}, {3, 999}).status, Status::kPass);
  EXPECT_EQ(judge_numeric(t, {1, 2}, {3}).status, Status::kPass);
}

TEST(JudgeNumeric, FindsAWriteToAnElementThatIsNoOutput) {
  ExpectedTensor t = tensor();
  t.absent = {false, false, false, true};
  EXPECT_EQ(judge_numeric(t, {1, 2}, {3}).status, Status::kPass);
  EXPECT_EQ(signature(judge_numeric(t, {1, 2}, {3, 4})), "stray_write:out");
}

TEST(JudgeNumeric, FindsMissingElementsAndWritesIntoAGap) {
  EXPECT_EQ(signature(judge_numeric(tensor(), {1, 2}, {3})), "missing_write:out.o");
  EXPECT_EQ(signature(judge_numeric(tensor(), {1, 2, 7}, {3, 4})), "stray_write:out");
}

TEST(JudgeNumeric, CallsACaseWeakThatATrivialOutputWouldPass) {
  ExpectedTensor t = tensor();
  t.trivial = {{"mean(V)", {1, 2, 3.05, 4}}};
  const Verdict v = judge_numeric(t, {1, 2}, {3, 4});
  EXPECT_EQ(v.status, Status::kWeak);
  EXPECT_EQ(v.reason, "mean(V) would pass too");
  t.trivial = {};
  t.value.assign(4, 0.05);
  EXPECT_EQ(judge_numeric(t, {0.05f, 0.05f}, {0.05f, 0.05f}).reason, "zeros would pass too");
}

TEST(JudgeNumeric, ExplainsTheBoundTermByTerm) {
  ExpectedTensor t = tensor();
  t.terms = [](uint64_t element) {
    return std::vector<std::pair<std::string, double>>{{"of element", double(element)}};
  };
  const Verdict v = judge_numeric(t, {1, 2.009f}, {3, 4}, {.explain = true});
  ASSERT_EQ(v.notes.size(), 3u);
  EXPECT_EQ(v.notes[1], "  of element                   1");
}

TEST(JudgeScratch, IsNoOutput) {
  const Outcome outcome = wrote({{0, {1}}});
  const std::vector<Buffer> buffers = {{.name = "out", .bytes = 1, .scratch = true}};
  Judge judge(buffers, outcome);
  EXPECT_EQ(judge.finish().status, Status::kWeak);
}

TEST(JudgeStages, NameTheFirstStageThatIsWrong) {
  Outcome outcome = wrote({{8, floats({1, 9})}, {20, floats({9, 4})}});
  const std::vector<Buffer> buffers;
  Judge judge(buffers, outcome);
  judge.stage("logits");
  judge.numeric(tensor());
  judge.stage("top_k");
  judge.finding({FindingKind::kWrongIndex, "indices", "x"});
  EXPECT_EQ(signature(judge.finish()), "wrong_value:logits/out.o");
}

}  // namespace
}  // namespace wavefuzz

// The exact judge: every way in which an output can be wrong, and the ways in which it is right.
#include "fuzz/judge.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

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

Verdict judge(const Outcome& outcome) { return judge_exact(expectation(), outcome, describe); }

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
    return judge_exact(either, wrote({{0, bytes}}), describe).status;
  };
  EXPECT_EQ(verdict({1, 1}), Status::kPass);
  EXPECT_EQ(verdict({2, 2}), Status::kPass);
  EXPECT_EQ(verdict({1, 2}), Status::kFail);
}

TEST(JudgeExact, PutsWhatTheTargetSawFirst) {
  Outcome outcome = wrote({{10, {9, 9, 9}}, {20, {4, 5, 6}}});
  outcome.diagnostics.push_back(
      {"out_of_bounds_write", "store beyond out", "global_store_byte", 16});
  const Verdict v = judge(outcome);
  EXPECT_EQ(signature(v), "out_of_bounds_write");
  EXPECT_EQ(v.findings[0].instruction, "global_store_byte");
}

TEST(JudgeExact, CallsACaseWeakThatAKernelDoingNothingWouldPass) {
  EXPECT_EQ(judge_exact({"out", {}}, Outcome(), describe).status, Status::kWeak);
  EXPECT_EQ(judge_exact({"out", {}}, wrote({{0, {1}}}), describe).status, Status::kFail);
}

TEST(JudgeExact, ReportsWhatTheTargetLacks) {
  Outcome outcome;
  outcome.status = Outcome::Status::kUnsupported;
  outcome.unsupported = "v_new_op";
  const Verdict v = judge(outcome);
  EXPECT_EQ(v.status, Status::kUnsupported);
  EXPECT_EQ(v.reason, "v_new_op");
}

TEST(JudgeExact, KeepsAFewFindingsOfAKind) {
  Expectation many = {"out", {}};
  for (uint64_t i = 0; i < 100; ++i) many.units.push_back({{i}, {{1}}});
  EXPECT_EQ(judge_exact(many, wrote({{0, std::vector<uint8_t>(100, 2)}}), describe).findings.size(),
            4u);
}

}  // namespace
}  // namespace wavefuzz

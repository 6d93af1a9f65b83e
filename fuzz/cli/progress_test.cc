// What a campaign says of itself while it runs.
#include "fuzz/cli/progress.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace wavefuzz {
namespace {

/// A job after `cases` cases, of which each took one of the sets of edges: an instruction's number
/// stands for the edge behind it.
JobResult job(const std::string& kernel, uint64_t cases,
              const std::vector<std::vector<uint32_t>>& taken) {
  JobResult r;
  r.job = {kernel, "", "sim:gfx950"};
  r.cases = cases;
  for (const std::vector<uint32_t>& edges : taken) {
    Edges e;
    for (const uint32_t edge : edges) e.seen[edge] = Edges::kTaken;
    r.coverage[{"object", "symbol"}].add(e);
  }
  return r;
}

TEST(Edges, AreCountedOnceHoweverManyCasesTakeThem) {
  const JobResult r = job("k", 3, {{1, 2}, {1}, {1, 3}});
  const Edges& edges = r.coverage.begin()->second;
  EXPECT_EQ(edges.count(), 3u);
  EXPECT_EQ(edges.once(), 2u);
}

TEST(Edges, SayHowManyAreNew) {
  Edges sum, a, b;
  a.seen = {{1, Edges::kTaken}, {2, Edges::kTaken | Edges::kNotTaken}};
  b.seen = {{1, Edges::kTaken | Edges::kNotTaken}, {3, Edges::kEntered}};
  EXPECT_EQ(sum.add(a), 3u);
  EXPECT_EQ(sum.add(b), 2u);
  EXPECT_EQ(sum.add(a), 0u);
  EXPECT_EQ(sum.count(), 5u);
}

// Good and Turing: 2 of 40 cases took an edge that no other did, so one in 20 will find another.
TEST(CasesToNewEdge, FollowsFromEdgesOfASingleCase) {
  EXPECT_DOUBLE_EQ(cases_to_new_edge({job("k", 40, {{1}, {1}, {2}, {3}})}), 20);
}

TEST(CasesToNewEdge, IsTheMeanChanceOverKernels) {
  EXPECT_DOUBLE_EQ(cases_to_new_edge({job("a", 10, {{1}}), job("b", 10, {{1}, {1}})}), 20);
}

TEST(CasesToNewEdge, LeavesOutPlantedBugs) {
  JobResult planted = job("k", 1, {{1, 2, 3}});
  planted.job.plant = "off_by_one";
  EXPECT_DOUBLE_EQ(cases_to_new_edge({job("k", 40, {{1}, {1}, {2}, {3}}), planted}), 20);
}

TEST(CasesToNewEdge, SaysNothingWhereEveryEdgeWasTakenTwice) {
  EXPECT_EQ(cases_to_new_edge({job("k", 40, {{1, 2}, {1, 2}})}), 0);
  EXPECT_EQ(edges_sentence({job("k", 40, {{1, 2}, {1, 2}})}),
            "2 edges of control flow, each of them taken by several cases");
  EXPECT_EQ(edges_sentence({JobResult()}), "") << "no coverage";
}

TEST(Progress, TellsWhenAndWhereTheLastEdgeWasNew) {
  Progress progress;
  JobResult a = job("a", 8, {{1}});
  progress.note(a, 1);
  const JobResult b = job("b", 8, {{1}, {2}});
  progress.note(b, 3);
  a.cases = 16;
  progress.note(a, 10);
  const ProgressFigures f = progress.figures({a, b}, 11, 60);
  EXPECT_EQ(f.edges, 3u);
  EXPECT_DOUBLE_EQ(f.since_new_edge, 8);
  EXPECT_EQ(f.edge_job, "b on sim:gfx950");
  EXPECT_EQ(f.job, "a on sim:gfx950");
  EXPECT_DOUBLE_EQ(f.seconds_left, 49);
  EXPECT_EQ(f.cases, 24u);
}

TEST(Progress, RatesAreOfLate) {
  Progress progress;
  JobResult r = job("k", 1000, {{1}});
  progress.figures({r}, 5, 0);
  r.cases = 1000;
  progress.figures({r}, 20, 0);  // a long shrink
  r.cases = 1100;
  EXPECT_DOUBLE_EQ(progress.figures({r}, 25, 0).cases_per_second, 20);
}

TEST(StatusScreen, FitsTheTerminal) {
  ProgressFigures f;
  f.edge_job = f.job = std::string(200, 'k');
  for (const std::string& line : status_screen(f, 72)) EXPECT_LT(line.size(), 72u) << line;
}

TEST(ProgressLine, HoldsEveryFigure) {
  ProgressFigures f;
  f.seconds = 60;
  f.seconds_left = 540;
  f.cases = 4312;
  f.cases_per_second = 72;
  f.findings = 3;
  f.edges = 1034;
  f.since_new_edge = 12;
  EXPECT_EQ(progress_line(f),
            "60 s, 4312 cases (72/s), 1034 edges (the last new 12 s ago), 3 findings, 540 s left");
  f.seconds_left = -1;
  EXPECT_THAT(progress_line(f), testing::EndsWith("3 findings"));
}

}  // namespace
}  // namespace wavefuzz

// Guided search finds what hides behind a constant of the kernel, which the operator's domain knows
// nothing of; and it stays a function of the seed.
#include "fuzz/search/guide.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fuzz/search/campaign.h"

namespace wavefuzz {
namespace {

Harness harness() {
  return Harness({"gpu/manifests/top_k_per_row.json", "gpu/manifests/indexer_k_gather.json",
                  "gpu/manifests/merge_attn_states.json"},
                 Roots("."));
}

JobResult campaign(const Harness& h, const Job& job, Search search, uint64_t seed, uint64_t cases,
                   int threads = 2, CampaignListener* listener = nullptr) {
  CampaignOptions options;
  options.seed = seed;
  options.cases = cases;
  options.threads = threads;
  options.search = search;
  options.shrink.steps = 0;
  const std::atomic<bool> never = false;
  CampaignListener silent;
  return run_campaign(h, {job}, options, never, listener == nullptr ? silent : *listener).front();
}

struct Hidden {
  const char* kernel;
  const char* plant;
};

// Each of these bugs needs a length, or a number of tokens, that no case of the domain has.
class HiddenBug : public testing::TestWithParam<Hidden> {};

TEST_P(HiddenBug, IsFoundByGuidedSearchAlone) {
  const Harness h = harness();
  const Job job = {GetParam().kernel, GetParam().plant, "sim:gfx950"};
  for (const uint64_t seed : {1, 2}) {
    EXPECT_EQ(campaign(h, job, Search::kGuided, seed, 700).findings.size(), 1u) << seed;
    EXPECT_EQ(campaign(h, job, Search::kDrawn, seed, 300).findings.size(), 0u) << seed;
  }
}

INSTANTIATE_TEST_SUITE_P(Zoo, HiddenBug,
                         testing::Values(Hidden{"top_k_per_row", "long_row_tail"},
                                         Hidden{"indexer_k_gather", "long_sequence_page"},
                                         Hidden{"merge_attn_states", "late_token_suffix"}),
                         [](const auto& test) { return std::string(test.param.plant); });

std::string cases_of(const JobResult& r) {
  std::string text = std::to_string(r.cases) + " " + std::to_string(r.drawn) + " " +
                     std::to_string(r.instructions) + " " + r.guide.to_json().dump();
  for (const CampaignFinding& f : r.findings)
    text += std::to_string(f.case_index) + " " + to_json(f.original).dump();
  return text;
}

TEST(GuidedSearch, DoesNotDependOnThreads) {
  const Harness h = harness();
  const Job job = {"top_k_per_row", "long_row_tail", "sim:gfx950"};
  EXPECT_EQ(cases_of(campaign(h, job, Search::kGuided, 4, 200, 1)),
            cases_of(campaign(h, job, Search::kGuided, 4, 200, 5)));
}

TEST(GuidedSearch, LeavesTwoOfThreeCasesToTheDomain) {
  const Harness h = harness();
  const JobResult r = campaign(h, {"top_k_per_row", "", "sim:gfx950"}, Search::kGuided, 1, 300);
  EXPECT_EQ(r.cases, 300u);
  EXPECT_GE(r.drawn, 200u);
  EXPECT_LT(r.drawn, 300u);
  EXPECT_GT(r.guide.both_ways(), 0u);
}

TEST(GuidedSearch, IsKeptAsJson) {
  const Harness h = harness();
  const JobResult r = campaign(h, {"indexer_k_gather", "", "sim:gfx950"}, Search::kGuided, 1, 100);
  const nlohmann::json json = r.guide.to_json();
  EXPECT_EQ(Guide::from_json(nlohmann::json::parse(json.dump())).to_json(), json);
}

TEST(MakeCase, MovesADrawnCaseAlongAxes) {
  const Harness h = harness();
  const Job job = {"top_k_per_row", "", "sim:gfx950"};
  const Case drawn = h.draw(job, 1, 3).value();
  EXPECT_EQ(make_case(h, job, 1, {3, {}}), drawn);
  const auto moved = make_case(h, job, 1, {3, {{"k", 77}}});
  ASSERT_TRUE(moved);
  EXPECT_EQ(moved->params.integer("k"), 77);
  EXPECT_EQ(moved->integers, drawn.integers);
}

TEST(MakeCase, GivesNothingOutsideTheClaims) {
  const Harness h = harness();
  const Job job = {"top_k_per_row", "", "sim:gfx950"};
  EXPECT_FALSE(make_case(h, job, 1, {3, {{"k", 4096}}})) << "k is claimed up to 2048";
  EXPECT_FALSE(make_case(h, job, 1, {3, {{"gqa", 4}}})) << "there is no such axis";
}

}  // namespace
}  // namespace wavefuzz

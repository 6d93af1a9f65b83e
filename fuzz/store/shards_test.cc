// What shards come to together is what one campaign comes to: against a campaign that is simulated
// case by case, over random verdicts.
#include "fuzz/store/shards.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <set>

namespace wavefuzz {
namespace {

struct Verdicts {
  std::vector<Status> statuses;
  std::vector<std::string> signatures;  // of failures
};

Verdict failure(const std::string& kind) {
  Verdict v;
  v.status = Status::kFail;
  v.findings.push_back({FindingKind::kWrongValue, kind});
  return v;
}

/// The rules of a campaign: a signature is reported once; a job ends after its cases, after so many
/// findings, and with the first case that the target lacks something for.
ShardResult run(const Verdicts& verdicts, const Job& job, const CampaignLimits& limits,
                uint64_t shard, uint64_t shards) {
  ShardResult s = {{1, shard, shards}, {}, ""};
  s.result.job = job;
  std::set<std::string> seen;
  const uint64_t most = job.plant.empty() ? limits.findings_per_job : 1;
  for (uint64_t i = shard; i < limits.cases; i += shards) {
    if (s.result.findings.size() >= most || !s.result.unsupported.empty()) break;
    const Status status = verdicts.statuses[i];
    ++s.result.cases;
    ++s.result.by_status[status];
    s.statuses += letter(status);
    if (status == Status::kUnsupported) s.result.unsupported = "case " + std::to_string(i);
    if (status == Status::kSuspect && s.result.suspects.size() < kMostSuspects)
      s.result.suspects.push_back({i, Case(), ""});
    if (status != Status::kFail || !seen.insert(verdicts.signatures[i]).second) continue;
    CampaignFinding f;
    f.job = job;
    f.case_index = i;
    f.shrunk.verdict = failure(verdicts.signatures[i]);
    s.result.findings.push_back(f);
  }
  return s;
}

std::string story(const JobResult& r, const std::string& statuses) {
  std::string text = std::to_string(r.cases) + " " + statuses + " " + r.unsupported;
  for (const auto& [status, n] : r.by_status)
    text += std::string(" ") + name(status) + std::to_string(n);
  for (const CampaignFinding& f : r.findings)
    text += " #" + std::to_string(f.case_index) + signature(f.shrunk.verdict);
  for (const SuspectCase& s : r.suspects) text += " s" + std::to_string(s.case_index);
  return text;
}

TEST(Shards, ComeToWhatOneCampaignComesTo) {
  std::mt19937_64 random(20261128);
  const auto below = [&](uint64_t n) { return random() % n; };
  uint64_t cut = 0, with_findings = 0;
  for (int trial = 0; trial < 3000; ++trial) {
    CampaignLimits limits;
    limits.cases = 1 + below(120);
    limits.findings_per_job = 1 + below(6);
    const Job job = {"k", below(3) == 0 ? "plant" : "", "sim:gfx942"};
    const uint64_t shards = 1 + below(7), kinds = 1 + below(8), rare = 1 + below(60);
    const bool lacks = below(4) == 0;
    Verdicts verdicts;
    for (uint64_t i = 0; i < limits.cases; ++i) {
      Status status = below(5) == 0 ? Status::kSuspect : Status::kPass;
      if (below(rare) == 0) status = Status::kFail;
      if (lacks && below(100) == 0) status = Status::kUnsupported;
      verdicts.statuses.push_back(status);
      verdicts.signatures.push_back("kind" + std::to_string(below(kinds)));
    }
    const ShardResult one = run(verdicts, job, limits, 0, 1);
    std::vector<ShardResult> parts;
    uint64_t ran = 0;
    for (uint64_t shard = 0; shard < shards; ++shard) {
      parts.push_back(run(verdicts, job, limits, shard, shards));
      ran += parts.back().result.cases;
    }
    std::shuffle(parts.begin(), parts.end(), random);
    const CombinedResult together = combine(parts, limits, shards);
    ASSERT_TRUE(together.exact);
    ASSERT_EQ(story(together.result, together.statuses), story(one.result, one.statuses))
        << "trial " << trial;
    ASSERT_EQ(together.beyond, ran - one.result.cases);
    cut += together.beyond != 0;
    with_findings += !one.result.findings.empty();
  }
  // The trials are of all sorts.
  EXPECT_GT(cut, 300u);
  EXPECT_GT(with_findings, 1000u);
}

TEST(Shards, OfWhichOneIsMissingOrUnfinishedAreAddedUpAndNotCut) {
  Verdicts verdicts;
  verdicts.statuses.assign(40, Status::kFail);
  verdicts.signatures.assign(40, "same");
  CampaignLimits limits;
  limits.cases = 40;
  limits.findings_per_job = 8;
  const Job job = {"k", "", "sim:gfx942"};
  std::vector<ShardResult> parts;
  for (uint64_t shard = 0; shard < 3; ++shard)
    parts.push_back(run(verdicts, job, limits, shard, 4));
  CombinedResult together = combine(parts, limits, 4);
  EXPECT_FALSE(together.exact);
  EXPECT_EQ(together.result.cases, 30u);
  ASSERT_EQ(together.result.findings.size(), 1u) << "a signature is reported once";
  EXPECT_EQ(together.result.findings[0].case_index, 0u);

  limits.cases = 30;
  parts.push_back(run(verdicts, job, limits, 3, 4));
  limits.cases = 40;
  together = combine(parts, limits, 4);
  EXPECT_FALSE(together.exact) << "shard 3 has not run cases 31, 35, 39";

  parts.back() = run(verdicts, job, limits, 3, 4);
  EXPECT_TRUE(combine(parts, limits, 4).exact);
  limits.guided = true;
  EXPECT_FALSE(combine(parts, limits, 4).exact) << "cases of a shard depend on earlier ones of it";
}

}  // namespace
}  // namespace wavefuzz

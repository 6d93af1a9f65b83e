// AITER's MLA decode, each kernel on a few cases: persistent ones, and stage 1 with its reduction.
//
// Skips without AITER_HSA, the folder "hsa" of an AITER checkout.
#include <gtest/gtest.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "tests/command.h"

namespace wavefuzz {
namespace {

/// Three cases of each of the manifest's kernels pass; there are `jobs` of them, archs apart. Those
/// that entry 5 of docs/findings.md is about may show it.
void expect_pass(const std::string& manifest, size_t jobs) {
  const char* hsa = std::getenv("AITER_HSA");
  if (hsa == nullptr) GTEST_SKIP() << "set AITER_HSA to the folder hsa of an AITER checkout";
  const CommandResult r = wavefuzz(
      "fuzz --json --quiet --cases=3 --seed=4 --kernel='aiter_mla_*' --no-shrink "
      "--manifest=gpu/manifests/aiter/" +
      manifest + " --hsa=" + std::string(hsa));
  EXPECT_LE(r.exit, 1) << r.out << r.err;
  const nlohmann::json document = nlohmann::json::parse(r.out);
  for (const nlohmann::json& job : document["jobs"]) {
    const bool known =
        job["kernel"].get<std::string>().find("qh16_qseqlen4_gqaratio16_msk0") != std::string::npos;
    EXPECT_TRUE(known || job["findings"].empty()) << job.dump(1);
  }
  // A kernel that is in no campaign any more would be missed here.
  EXPECT_EQ(document["jobs"].size(), jobs);
}

TEST(AiterMla, Stage1AndReduction) { expect_pass("aiter_mla_stage1.json", 22); }

TEST(AiterMla, Persistent) { expect_pass("aiter_mla_ps.json", 23); }

TEST(AiterMla, TwoScopesAndTheirMerge) { expect_pass("aiter_mla_scopes.json", 2); }

TEST(AiterMla, DualScopeScenarioHasItsVerdicts) {
  if (std::getenv("AITER_HSA") == nullptr)
    GTEST_SKIP() << "set AITER_HSA to the folder hsa of an AITER checkout";
  const CommandResult r = wavefuzz("scenario mla_dual_scope_aiter");
  EXPECT_EQ(r.exit, 0) << r.out << r.err;
  EXPECT_NE(r.out.find("90 of 90 cases as expected, 0 skipped"), std::string::npos) << r.out;
}

/// The kernel with LSEs of +inf, in the same route: the verdict names the scope, not the merge.
TEST(AiterMla, DualScopeScenarioOfTheFaultyKernelHasItsVerdicts) {
  const char* hsa = std::getenv("AITER_HSA_3CCC8A8D67");
  if (hsa == nullptr)
    GTEST_SKIP() << "set AITER_HSA_3CCC8A8D67 to the folder hsa of AITER's commit 3ccc8a8d67";
  const CommandResult r = wavefuzz(
      "scenario corpus/scenarios_3ccc8a8d67/mla_dual_scope_aiter.json --hsa=" + std::string(hsa) +
      " --manifest=gpu/manifests_aiter_3ccc8a8d67/aiter_3ccc8a8d67_mla_scopes_gfx950.json");
  EXPECT_EQ(r.exit, 0) << r.out << r.err;
  EXPECT_NE(r.out.find("24 of 24 cases as expected, 0 skipped"), std::string::npos) << r.out;
}

}  // namespace
}  // namespace wavefuzz

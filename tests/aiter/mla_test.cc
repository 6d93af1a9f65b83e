// AITER's MLA decode, each kernel on a few cases: persistent ones, and stage 1 with its reduction.
//
// Skips without AITER_HSA, the folder "hsa" of an AITER checkout.
#include <gtest/gtest.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "tests/command.h"

namespace wavefuzz {
namespace {

/// Three cases of each of the manifest's kernels pass; there are `jobs` of them, archs apart.
void expect_pass(const std::string& manifest, size_t jobs) {
  const char* hsa = std::getenv("AITER_HSA");
  if (hsa == nullptr) GTEST_SKIP() << "set AITER_HSA to the folder hsa of an AITER checkout";
  const CommandResult r = wavefuzz(
      "fuzz --json --quiet --cases=3 --seed=4 --kernel='aiter_mla_*' --no-shrink "
      "--manifest=gpu/manifests/aiter/" +
      manifest + " --hsa=" + std::string(hsa));
  EXPECT_EQ(r.exit, 0) << r.out << r.err;
  // A kernel that is in no campaign any more would be missed here.
  EXPECT_EQ(nlohmann::json::parse(r.out)["jobs"].size(), jobs);
}

TEST(AiterMla, Stage1AndReduction) { expect_pass("aiter_mla_stage1.json", 22); }

TEST(AiterMla, Persistent) { expect_pass("aiter_mla_ps.json", 16); }

}  // namespace
}  // namespace wavefuzz

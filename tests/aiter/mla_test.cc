// AITER's MLA decode without a plan, each kernel on a few cases: stage 1 and the reduction.
//
// Skips without AITER_HSA, the folder "hsa" of an AITER checkout.
#include <gtest/gtest.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "tests/command.h"

namespace wavefuzz {
namespace {

TEST(AiterMla, Stage1AndReduction) {
  const char* hsa = std::getenv("AITER_HSA");
  if (hsa == nullptr) GTEST_SKIP() << "set AITER_HSA to the folder hsa of an AITER checkout";
  const CommandResult r =
      wavefuzz("fuzz --json --quiet --cases=3 --seed=4 --kernel='aiter_mla_*' --no-shrink "
               "--manifest=gpu/manifests/aiter/aiter_mla_stage1.json --hsa=" +
               std::string(hsa));
  EXPECT_EQ(r.exit, 0) << r.out << r.err;
  const nlohmann::json document = nlohmann::json::parse(r.out);
  // A kernel that is in no campaign any more would be missed here.
  EXPECT_EQ(document["jobs"].size(), 22u);
}

}  // namespace
}  // namespace wavefuzz

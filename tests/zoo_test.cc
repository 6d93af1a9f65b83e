// The gate can fail: every planted bug of every kernel is found, whatever the seed.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/command.h"

namespace wavefuzz {
namespace {

using nlohmann::json;

class ZooWithSeed : public testing::TestWithParam<int> {};

TEST_P(ZooWithSeed, FindsEveryPlantedBug) {
  const std::string seed = std::to_string(GetParam());
  const CommandResult r =
      wavefuzz("zoo --json --no-shrink --seed=" + seed + " --out=" + fresh_folder("zoo" + seed));
  EXPECT_EQ(r.exit, 0) << r.err;
  const json score = json::parse(r.out);
  EXPECT_EQ(score["planted"], score["killed"]);
  EXPECT_EQ(score["ranked"]["planted"], score["ranked"]["killed"]);
  for (const json& bug : score["bugs"]) {
    if (!bug["killed"]) continue;
    EXPECT_FALSE(bug["repro"].get<std::string>().empty());
    EXPECT_FALSE(bug["history"].get<std::string>().empty());
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, ZooWithSeed, testing::Values(1, 2, 3));

TEST(Zoo, SaysWhichBugsOnlySomeCasesCanShow) {
  const CommandResult r = wavefuzz(
      "zoo --json --no-shrink --cases=50 --kernel=indexer_k_quant_and_cache+divisor_240 --out=" +
      fresh_folder("note"));
  for (const json& bug : json::parse(r.out)["bugs"]) EXPECT_EQ(bug["note"], "fnuz caches only");
}

TEST(Zoo, SaysWhenAPlantedBugIsNotFound) {
  // One case is too few for the bug that needs a cache beyond 4 GiB.
  const CommandResult r =
      wavefuzz("zoo --json --cases=1 --kernel=indexer_k_quant_and_cache+page_stride_32bit --out=" +
               fresh_folder("missed"));
  EXPECT_EQ(r.exit, 3);
  EXPECT_EQ(json::parse(r.out)["killed"], 0);
}

}  // namespace
}  // namespace wavefuzz

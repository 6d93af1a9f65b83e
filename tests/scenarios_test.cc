// The scenarios of the indexer, on the kernels of the tree: what docs/scenarios.md says of them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/command.h"

namespace wavefuzz {
namespace {

using nlohmann::json;

TEST(Scenarios, OneToSixQueryTokensAreJudgedAsTheyMustBe) {
  const CommandResult r = wavefuzz("scenario next_n");
  EXPECT_EQ(r.exit, 0) << r.out << r.err;
}

// The whole scenario takes a minute: here are the first group's kernels at four lengths.
TEST(Scenarios, TopKParityIsVacuousWhereTheVerdictNamesTheWriter) {
  json scenario = json::parse(std::ifstream("corpus/scenarios/indexer_uint8.json"));
  json group = scenario["groups"][0];
  group["axes"]["ctx"] = {1, 512, 2049, 4096};
  scenario["groups"] = json::array({group});
  const std::string file = fresh_folder("scenarios") + "/short.json";
  std::ofstream(file) << scenario.dump();
  const CommandResult r = wavefuzz("scenario " + file + " --json");
  ASSERT_EQ(r.exit, 0) << r.out << r.err;
  const json cases = json::parse(r.out)["cases"];
  ASSERT_FALSE(cases.empty());
  for (const json& c : cases) {
    const double overlap = c["top_k_overlap"];
    if (c["kernel"] == "indexer") {
      EXPECT_EQ(c["verdict"], "pass") << c;
      EXPECT_EQ(overlap, 1) << c;
      continue;
    }
    EXPECT_EQ(c["signature"], "wrong_value:writer/kv_cache.values") << c;
    const int ctx = std::stoi(c["axes"]["ctx"].get<std::string>());
    if (ctx <= 2048) {
      EXPECT_EQ(overlap, 1) << c;
    } else if (ctx == 2049) {
      EXPECT_GT(overlap, 0.99) << c;
    } else {
      EXPECT_LT(overlap, 0.9) << c;
    }
  }
}

}  // namespace
}  // namespace wavefuzz

// The gate can fail: every planted bug of every kernel is found on both arches.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/command.h"

namespace wavefuzz {
namespace {

using nlohmann::json;

TEST(Zoo, FindsEveryPlantedBugOnBothArches) {
  const CommandResult r = wavefuzz("zoo --json --out=" + fresh_folder("zoo"));
  EXPECT_EQ(r.exit, 0) << r.err;
  const json score = json::parse(r.out);
  EXPECT_EQ(score["planted"], score["killed"]);
  for (const json& bug : score["bugs"]) {
    EXPECT_TRUE(bug["killed"]) << bug["name"] << " on " << bug["target"];
    EXPECT_FALSE(bug["repro"].get<std::string>().empty());
    const bool fnuz_only = bug["name"] == "fn_bytes_in_fnuz" ||
                           bug["name"] == "sign_kept_on_zero" || bug["name"] == "divisor_240";
    EXPECT_EQ(bug.value("note", "") == "fnuz caches only", fnuz_only) << bug["name"];
  }
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

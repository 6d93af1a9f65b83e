// The command that audits a folder of AITER's tables, on a small one of our own.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/command.h"

namespace wavefuzz {
namespace {

using testing::HasSubstr;

constexpr const char* kTable =
    "qType,kvType,Gqa,Mtp,Msk,Hp,blkSz,knl_name,co_name,ps,qTile,quant_type\n"
    "bf16,fp8,16,0,0,0,16,ours,ours.co,0,0,0\n";

/// A folder as AITER's hsa with this table of gfx942's paged attention.
std::string tree(const std::string& name, const std::string& table) {
  const std::string root = fresh_folder(name);
  std::filesystem::create_directories(root + "/gfx942/pa");
  std::ofstream(root + "/gfx942/pa/pa_asm.csv") << table;
  return root;
}

TEST(AuditCommand, TellsWhatItFinds) {
  const CommandResult result = wavefuzz("audit --op=pa --hsa=" + tree("told", kTable));
  EXPECT_EQ(result.exit, 1) << result.err;
  EXPECT_THAT(result.out, HasSubstr("pa: 1 rows, 0 with a manifest"));
  EXPECT_THAT(result.out,
              HasSubstr("pa_fwd_asm asks for gqa 9..15, gets a kernel of gqa 16 (by row and name)\n"
                        "     126 requests, 1 kernel: "));
  EXPECT_THAT(result.out,
              HasSubstr("first: pa_fwd_asm(gfx942, bf16 x fp8, gqa 9, qlen 1, page_size 16, "
                        "high_precision 1, qo_indptr none) -> gfx942/pa/ours\n"));
  EXPECT_THAT(result.out,
              HasSubstr("1: its code object is not there\n     gfx942/pa/ours (line 2)"));
}

TEST(AuditCommand, PrintsOneDocument) {
  const CommandResult result = wavefuzz("audit --op=pa --json --hsa=" + tree("json", kTable));
  EXPECT_EQ(result.exit, 1) << result.err;
  const nlohmann::json json = nlohmann::json::parse(result.out);
  EXPECT_EQ(json["operators"][0]["operator"], "pa");
  EXPECT_EQ(json["operators"][0]["rows"], 1);
  std::vector<std::string> kinds;
  for (const auto& finding : json["operators"][0]["findings"]) kinds.push_back(finding["kind"]);
  EXPECT_THAT(kinds, testing::Contains("misrouted"));
  EXPECT_THAT(kinds, testing::Contains("bad_row"));
}

TEST(AuditCommand, RefusesWhatItCannotRead) {
  unsetenv("AITER_HSA");
  EXPECT_EQ(wavefuzz("audit").exit, 2);
  const CommandResult broken =
      wavefuzz("audit --op=pa --hsa=" + tree("broken", std::string(kTable) + "bf16,fp8\n"));
  EXPECT_EQ(broken.exit, 2);
  EXPECT_THAT(broken.err,
              HasSubstr("/gfx942/pa/pa_asm.csv:3: has 2 fields, and the header has 12\n"));
  EXPECT_EQ(wavefuzz("audit --op=mha --hsa=.").exit, 2);
}

}  // namespace
}  // namespace wavefuzz

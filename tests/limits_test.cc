// A limit is no fault: a case that needs more instructions than it may have is counted as too large,
// and one whose loop can never end is a finding.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/command.h"

namespace wavefuzz {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

/// A manifest of a kernel of gpu/sim/testdata/limits.hip.
std::string manifest(const std::string& symbol) {
  std::ifstream in("gpu/manifests/quantise_fp8.json");
  json m = json::parse(in);
  m["kernel"] = m["symbol"] = symbol;
  m["code_object"] = "limits.{arch}.co";
  m["arches"] = {"gfx942"};
  m["launch"] = {{"groups", {1, 1, 1}}, {"group_size", {64, 1, 1}}};
  m["kernarg"] = {{{"name", "x"}, {"offset", 0}, {"type", "ptr"}, {"buffer", "x"}},
                  {{"name", "codes"}, {"offset", 8}, {"type", "ptr"}, {"buffer", "codes"}},
                  {{"name", "scales"}, {"offset", 16}, {"type", "ptr"}, {"buffer", "scales"}},
                  {{"name", "rows"}, {"offset", 24}, {"type", "i32"}, {"value", "rows"}},
                  {{"name", "columns"}, {"offset", 28}, {"type", "i32"}, {"value", "columns"}}};
  m.erase("launches");
  m.erase("planted");
  m.erase("planted_code_object");
  const std::string folder = fresh_folder(symbol), path = folder + "/" + symbol + ".json";
  std::filesystem::copy("gpu/sim/testdata/limits.gfx942.co", folder + "/limits.gfx942.co");
  std::ofstream(path) << m.dump(1);
  return path;
}

TEST(Limits, ACampaignOfCasesThatAreTooLargeSaysSo) {
  const std::string out = fresh_folder("too_large");
  const std::string common =
      " --manifest=" + manifest("counts") + " --target=sim:gfx942 --out=" + out;
  const CommandResult r = wavefuzz("fuzz --cases=2 --seed=1" + common);
  EXPECT_EQ(r.exit, 4) << r.err;
  EXPECT_THAT(r.out, AllOf(HasSubstr("every case is too large"),
                           HasSubstr("2 of 2 cases are too large, the first: 20000000 instructions "
                                     "executed by one group"),
                           HasSubstr("0 findings"), Not(HasSubstr("FAIL"))));
  EXPECT_TRUE(findings_in(out).empty());
  const CommandResult again = wavefuzz("report --jsonl=" + out + "/r.jsonl --out=" + out);
  std::ifstream in(out + "/r.jsonl");
  std::string line;
  std::getline(in, line);
  const json job = json::parse(line, nullptr, false);
  ASSERT_FALSE(job.is_discarded()) << again.err;
  EXPECT_EQ(job["verdicts"]["too_large"], 2);
  EXPECT_THAT(job["too_large"].get<std::string>(), HasSubstr("20000000 instructions"));
}

TEST(Limits, ALoopThatNeverEndsIsFoundAndShrunkAsThat) {
  const std::string out = fresh_folder("hangs");
  const CommandResult r = wavefuzz("fuzz --cases=8 --seed=1 --manifest=" + manifest("hangs") +
                                   " --target=sim:gfx942 --out=" + out);
  EXPECT_EQ(r.exit, 1) << r.err;
  EXPECT_THAT(r.out, AllOf(HasSubstr("watchdog"), HasSubstr("never ends")));
  bool shrunk = false;
  for (const auto& [name, text] : findings_in(out)) {
    const json found = json::parse(text);
    if (found["signature"] != "watchdog") continue;
    shrunk = true;
    EXPECT_EQ(found["case"]["params"]["rows"], 3) << text;
  }
  EXPECT_TRUE(shrunk) << r.out;
}

}  // namespace
}  // namespace wavefuzz

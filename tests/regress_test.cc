// A build of a kernel against another: the planted difference is named, that one alone, with the
// boundary that its source gives it (boundary_test.cc has where the numbers come from).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "gpu/finding.h"
#include "tests/command.h"

namespace wavefuzz {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;

const std::string kWriter = "indexer_k_quant_and_cache";

CommandResult regress(const std::string& builds, const std::string& more) {
  return wavefuzz("regress " + builds + " --target=sim:gfx942 --out=" + fresh_folder("regress") +
                  " " + more);
}

json comparison(const std::string& builds, const std::string& more, int exit) {
  const CommandResult r = regress(builds, more + " --json");
  EXPECT_EQ(r.exit, exit) << r.err;
  return json::parse(r.out)["comparisons"][0];
}

struct Plant {
  const char* kernel;
  const char* plant;
  const char* axis;
  const char* words;
};

class Plants : public testing::TestWithParam<Plant> {};

TEST_P(Plants, AreNamedAndNothingElse) {
  const Plant& p = GetParam();
  const std::string builds = std::string(p.kernel) + " " + p.kernel + "+" + p.plant;
  // By drawing alone: the corpus has this very bug.
  const json c = comparison(builds, "--corpus=none --cases=256", 1);
  ASSERT_EQ(c["differences"].size(), 1u) << c["differences"].dump(1);
  const json& d = c["differences"][0];
  EXPECT_EQ(d["kind"], "new");
  EXPECT_EQ(d["breaks"], true);
  EXPECT_EQ(d["before"], nullptr);
  // It may show in other ways, too, but in the one that the corpus has.
  std::set<std::string> signatures = {d["after"]};
  for (const json& also : d.value("also", json::array())) signatures.insert(also["signature"]);
  const std::string file = std::string("corpus/") + p.kernel + "/" + p.plant + ".json";
  const std::string recorded = json::parse(std::ifstream(file))["signature"];
  EXPECT_TRUE(std::ranges::any_of(
      signatures, [&](const std::string& signature) { return agrees(recorded, signature); }))
      << recorded << " is not among " << testing::PrintToString(signatures);
  EXPECT_EQ(d["confirmations"], 3);
  std::string words;
  for (const json& axis : d["boundary"]["axes"]) {
    if (axis["axis"] == p.axis) words = axis["words"];
  }
  EXPECT_EQ(words, p.words);
}

INSTANTIATE_TEST_SUITE_P(
    Zoo, Plants,
    testing::Values(
        Plant{"indexer_k_quant_and_cache", "amax_over_one_wave", "head_dim",
              "head_dim from 65 (passes at 64)"},
        Plant{"paged_attention_decode", "rows_of_16", "gqa", "gqa up to 15 (passes at 16)"},
        Plant{"paged_attention_decode", "causal_ignored", "qlen", "qlen from 2 (passes at 1)"},
        Plant{"paged_attention_decode", "page_id_16bit", "first_page",
              "first_page from 65536 (passes at 65535)"},
        Plant{"quantise_fp8", "group_of_lane", "columns", "columns from 17 (passes at 16)"}),
    [](const testing::TestParamInfo<Plant>& p) { return std::string(p.param.plant); });

TEST(Regress, SaysNothingOfTheSameBuild) {
  for (const std::string kernel :
       {"indexer_k_quant_and_cache", "paged_attention_decode", "merge_attn_states"}) {
    const CommandResult r = regress(kernel + " " + kernel, "--cases=128");
    EXPECT_EQ(r.exit, 0) << r.out << r.err;
    EXPECT_THAT(r.out, HasSubstr("\nno difference\n")) << r.out;
    EXPECT_EQ(r.out_lines().size(), 3u) << r.out;
  }
}

TEST(Regress, SaysNothingOfABuildThatFailsAsBefore) {
  const std::string build = kWriter + "+amax_over_one_wave";
  const CommandResult r = regress(build + " " + build, "--cases=64");
  EXPECT_EQ(r.exit, 0) << r.out << r.err;
  EXPECT_THAT(r.out, HasSubstr("\nno difference\n")) << r.out;
}

TEST(Regress, OfAFixSaysWhatIsGoneAndIsClean) {
  const json c =
      comparison(kWriter + "+amax_over_one_wave " + kWriter, "--corpus=none --cases=128", 0);
  ASSERT_EQ(c["differences"].size(), 1u) << c["differences"].dump(1);
  EXPECT_EQ(c["differences"][0]["kind"], "gone");
  EXPECT_EQ(c["differences"][0]["after"], nullptr);
  EXPECT_EQ(c["differences"][0]["breaks"], false);
}

TEST(Regress, TakesCodeObjectsAndEndsWithTheCommandThatReplaysThem) {
  const std::string object = "gpu/kernels/" + kWriter;
  const CommandResult r = wavefuzz("regress " + object + ".gfx942.co " + object +
                                   ".uint8_cast.gfx942.co --kernel=" + kWriter +
                                   " --corpus=none --cases=32 --out=" + fresh_folder("objects"));
  EXPECT_EQ(r.exit, 1) << r.out << r.err;
  EXPECT_THAT(r.out, HasSubstr("\nnew: wrong_value:kv_cache.values, in "));
  std::string replay;
  for (const std::string& line : r.out_lines()) {
    if (line.starts_with("  replay: ")) replay = line.substr(10);
  }
  const CommandResult again = shell(replay);
  EXPECT_EQ(again.exit, 1) << replay << "\n" << again.err;
  EXPECT_THAT(again.out, HasSubstr("\nreproduced: wrong_value:kv_cache.values\n"));
}

TEST(Regress, TakesPathsWithTheStandInsOfAManifest) {
  const std::string object = "gpu/kernels/" + kWriter;
  const CommandResult r =
      wavefuzz("regress '" + object + ".{arch}.co' '" + object +
               ".uint8_cast.{arch}.co' --kernel=" + kWriter +
               " --corpus=none --cases=8 --json --out=" + fresh_folder("patterns"));
  EXPECT_EQ(r.exit, 1) << r.err;
  const json comparisons = json::parse(r.out)["comparisons"];
  ASSERT_EQ(comparisons.size(), 2u) << "both targets";
  for (const json& c : comparisons) EXPECT_EQ(c["differences"].size(), 1u);
}

TEST(Regress, NamesTheFirstBadOfSeveral) {
  const std::string bad = kWriter + "+uint8_cast", other = kWriter + "+page_stride_32bit";
  const CommandResult r =
      regress(kWriter + " " + kWriter + " " + bad + " " + other, "--corpus=none --cases=32");
  EXPECT_EQ(r.exit, 1) << r.out << r.err;
  EXPECT_THAT(r.out, HasSubstr("\nthe first bad one on sim:gfx942: " + bad + "\n"));
}

TEST(Regress, SearchesManyByHalves) {
  std::string builds = kWriter;
  for (int i = 1; i <= 12; ++i) builds += " " + kWriter + (i < 7 ? "" : "+uint8_cast");
  const CommandResult r = regress(builds, "--corpus=none --cases=16 --json");
  EXPECT_EQ(r.exit, 1) << r.err;
  const json all = json::parse(r.out);
  EXPECT_EQ(all["first_bad"], kWriter + "+uint8_cast");
  EXPECT_EQ(all["first_bad_index"], 7);
}

TEST(Regress, RefusesInOneLine) {
  for (const auto& [arguments, says] : std::initializer_list<std::pair<std::string, std::string>>{
           {kWriter, "give OLD and NEW"},
           {kWriter + " no_such", "'no_such' is no file and no kernel"},
           {kWriter + " quantise_fp8", "'quantise_fp8' of 'quantise_fp8'"},
           {kWriter + " " + kWriter + "+no_such", "has no planted bug 'no_such'"},
           {"gpu/kernels/" + kWriter + ".gfx942.co " + kWriter, "give --kernel=NAME"},
           {"gpu/manifests/" + kWriter + ".json " + kWriter + " --kernel=" + kWriter, ".json"}}) {
    const CommandResult r = regress(arguments, "");
    EXPECT_EQ(r.exit, 2) << arguments;
    EXPECT_THAT(r.err, HasSubstr(says));
    EXPECT_EQ(std::count(r.err.begin(), r.err.end(), '\n'), 1) << r.err;
  }
}

}  // namespace
}  // namespace wavefuzz

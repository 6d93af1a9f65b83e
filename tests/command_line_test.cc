// The wavefuzz command as its users meet it: what it prints, where, and the exit code
// (gpu/error.h).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/command.h"

namespace wavefuzz {
namespace {

using nlohmann::json;
using testing::ContainsRegex;
using testing::Each;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

const std::string kRight = "indexer_k_quant_and_cache";
const std::string kPlanted = kRight + "+uint8_cast";

CommandResult campaign(const std::string& kernel, const std::string& out,
                       const std::string& more = "") {
  return wavefuzz("fuzz --kernel=" + kernel +
                  " --target=sim:gfx942 --cases=20 --quiet --out=" + out + " " + more);
}

/// The one finding file of a campaign over the planted uint8 cast.
std::string planted_finding(const std::string& name) {
  const std::string folder = fresh_folder(name);
  EXPECT_EQ(campaign(kPlanted, folder).exit, 1);
  const auto files = findings_in(folder);
  EXPECT_EQ(files.size(), 1u);
  return folder + "/" + files.begin()->first;
}

int lines(const std::string& text) {
  return static_cast<int>(std::count(text.begin(), text.end(), '\n'));
}

TEST(Fuzz, IsCleanOnTheRightKernel) {
  const CommandResult r = campaign(kRight, fresh_folder("clean"));
  EXPECT_EQ(r.exit, 0) << r.out << r.err;
  EXPECT_THAT(r.out, StartsWith("wavefuzz "));
  EXPECT_THAT(r.out_lines()[0], HasSubstr("seed 1"));
  EXPECT_THAT(findings_in(testing::TempDir() + "/clean"), IsEmpty());
}

TEST(Fuzz, EndsAFindingWithTheCommandThatReplaysIt) {
  const CommandResult r = campaign(kPlanted, fresh_folder("found"));
  EXPECT_EQ(r.exit, 1) << r.out << r.err;
  std::string replay;
  for (const std::string& line : r.out_lines()) {
    if (line.starts_with("  replay: ")) replay = line.substr(10);
  }
  ASSERT_THAT(replay, HasSubstr("wavefuzz replay "));
  const CommandResult again = shell(replay);
  EXPECT_EQ(again.exit, 1) << again.err;
  EXPECT_THAT(again.out, HasSubstr("\nreproduced: wrong_value:kv_cache.values\n"));
}

TEST(Fuzz, ShrinksTheUint8CastToOneTokenAndOneElement) {
  const json entry = json::parse(std::ifstream(planted_finding("shrunk")));
  const json& rows = entry["case"]["tensors"]["k"]["rows"];
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0]["fill"], "zero");
  EXPECT_EQ(rows[0]["set"].size(), 1u);
  EXPECT_EQ(entry["case"]["tensors"]["slot_mapping"], json::array({0}));
}

TEST(Fuzz, FindsTheSameInTheSameBytesAtAnyThreadCountAndAgain) {
  const std::string kernels =
      kPlanted + "," + kRight + "+page_stride_32bit," + kRight + "+amax_over_one_wave";
  const std::string first = fresh_folder("threads1");
  const std::string second = fresh_folder("threads2");
  const std::string third = fresh_folder("again");
  const auto run = [&](const std::string& out, const char* threads) {
    const CommandResult r = wavefuzz("fuzz --kernel=" + kernels +
                                     " --cases=300 --seed=3 --quiet --out=" + out + threads);
    EXPECT_EQ(r.exit, 1) << r.err;
  };
  run(first, " --threads=1");
  run(second, " --threads=2");
  run(third, " --threads=2");
  EXPECT_EQ(findings_in(first).size(), 6u);
  EXPECT_EQ(findings_in(first), findings_in(second));
  EXPECT_EQ(findings_in(first), findings_in(third));
}

TEST(Fuzz, DividesItsCasesAmongShards) {
  const auto keys = [](const std::string& more) {
    const CommandResult r = wavefuzz(
        "fuzz --json --quiet --kernel=" + kRight +
        "+negative_slot_written --target=sim:gfx950 --out=" + fresh_folder("shard") + more);
    return json::parse(r.out)["jobs"][0];
  };
  const json even = keys(" --cases=200 --shards=2 --shard=0");
  const json odd = keys(" --cases=200 --shards=2 --shard=1");
  EXPECT_EQ(even["findings"][0]["case_index"].get<int>() % 2, 0);
  EXPECT_EQ(odd["findings"][0]["case_index"].get<int>() % 2, 1);
}

TEST(Fuzz, KeepsAFindingInItsCommandWhenTheDiskDoesNot) {
  const std::string file = fresh_folder("full") + "/file";
  std::ofstream(file) << "not a folder";
  const CommandResult r = campaign(kPlanted, file);
  EXPECT_EQ(r.exit, 1);
  EXPECT_EQ(lines(r.err), 2) << r.err;  // the memory of campaigns, and the finding's file
  EXPECT_THAT(r.err, HasSubstr("the campaign will not be remembered"));
  EXPECT_THAT(r.err, HasSubstr("cannot be written"));
  std::string replay;
  for (const std::string& line : r.out_lines()) {
    if (line.starts_with("  replay: ")) replay = line.substr(10);
  }
  ASSERT_THAT(replay, HasSubstr("run --case='"));
  EXPECT_EQ(shell(replay).exit, 1);
}

TEST(Fuzz, GoesOnWithACampaignThatWasKilled) {
  const std::string whole = fresh_folder("whole"), killed = fresh_folder("killed");
  const std::string kernels = kPlanted + "," + kRight;
  const std::string rest = " --target=sim:gfx942 --cases=4000 --quiet --out=";
  const CommandResult once = wavefuzz("fuzz --kernel=" + kernels + rest + whole);
  // Killed when it prints the failure, with nearly all of its cases still to come.
  shell("fuzz/wavefuzz fuzz --kernel=" + kernels + rest + killed + " > " + killed +
        ".log & p=$!; until grep -q FAIL " + killed + ".log; do sleep 0.01; done; kill -KILL $p");
  const CommandResult again = wavefuzz("fuzz --kernel=" + kernels + rest + killed + " --resume");
  EXPECT_EQ(again.exit, 1) << again.err;
  EXPECT_THAT(again.out, HasSubstr("resumed after"));
  EXPECT_EQ(findings_in(whole), findings_in(killed));
  const std::string table = once.out.substr(once.out.find("\nkernel "));
  const std::string same = table.substr(0, table.find(" cases in "));
  EXPECT_THAT(again.out, HasSubstr(same));

  const CommandResult third = wavefuzz("fuzz --kernel=" + kernels + rest + killed + " --resume");
  EXPECT_EQ(third.exit, 2);
  EXPECT_THAT(third.err, HasSubstr("has no unfinished campaign with seed 1"));
}

TEST(History, SaysWhatIsNewAndWhatIsGone) {
  const std::string folder = fresh_folder("history");
  const std::string late = "quantise_fp8+overflow_to_nan";  // not found in the first case
  campaign(late, folder);
  campaign(kRight, folder);
  wavefuzz("fuzz --target=sim:gfx942 --cases=1 --quiet --out=" + folder + " --kernel=" + late);
  const CommandResult r = wavefuzz("history --json --out=" + folder);
  ASSERT_EQ(r.exit, 0) << r.err;
  const json campaigns = json::parse(r.out).at("campaigns");
  ASSERT_EQ(campaigns.size(), 3u);
  EXPECT_EQ(campaigns[0].at("new").size(), 1u);
  EXPECT_EQ(campaigns[0].at("state"), "done");
  EXPECT_EQ(campaigns[1].at("new").size(), 0u);
  EXPECT_EQ(campaigns[1].at("gone").size(), 0u) << "that kernel did not run";
  EXPECT_EQ(campaigns[2].at("gone"), campaigns[0].at("new"));
}

TEST(Coverage, NamesWhatACampaignNeverReached) {
  const std::string folder = fresh_folder("coverage");
  campaign(kRight, folder);
  const CommandResult r =
      wavefuzz("coverage --json --kernel=" + kRight + " --target=sim:gfx942 --out=" + folder);
  ASSERT_EQ(r.exit, 0) << r.err;
  const json programs = json::parse(r.out).at("programs");
  ASSERT_FALSE(programs.empty());
  for (const json& p : programs) {
    int unreached = 0;
    for (const json& block : p.at("unreached")) {
      unreached += block.at("instructions").get<int>();
      EXPECT_THAT(block.at("guard").get<std::string>(),
                  testing::AnyOf("", testing::MatchesRegex("0x[0-9a-f]+: s_cbranch.* "
                                                           "(always|never) taken(, after .+)?")));
    }
    EXPECT_EQ(p.at("executed").get<int>() + unreached, p.at("instructions").get<int>());
    EXPECT_GT(p.at("executed").get<int>(), 0);
  }
}

TEST(Fuzz, EndsAtCtrlCWithWhatItHasFound) {
  const std::string folder = fresh_folder("interrupted");
  const CommandResult r = shell("fuzz/wavefuzz fuzz --kernel=" + kPlanted + "," + kRight +
                                " --target=sim:gfx942 --seconds=60 --out=" + folder +
                                " & pid=$!\n" + "for i in $(seq 300); do ls " + folder +
                                "/*.json 2>/dev/null && break; sleep 0.1; done\n" +
                                "sleep 1; kill -INT $pid; wait $pid");
  EXPECT_EQ(r.exit, 1);
  EXPECT_THAT(r.out, HasSubstr("interrupted"));
  EXPECT_THAT(r.out, HasSubstr("  replay: "));
  EXPECT_EQ(findings_in(folder).size(), 1u);
}

TEST(Fuzz, GoesOnPastACorruptCorpusFile) {
  const std::string corpus = fresh_folder("corrupt");
  std::ofstream(corpus + "/a.json") << "{\"wavefuzz_corpus\": 1, ";
  std::filesystem::copy_file(planted_finding("for_corpus"), corpus + "/b.json");
  CommandResult r = campaign(kRight, fresh_folder("corrupt_out"), "--corpus " + corpus);
  EXPECT_EQ(r.exit, 2);
  EXPECT_THAT(r.err, HasSubstr(corpus + "/a.json: parse error at line 1"));
  EXPECT_THAT(r.out, HasSubstr("corpus: 1 of 1 case ran, 0 of them weak; 0 outside the claims"));
  r = campaign(kPlanted, fresh_folder("corrupt_out"), "--corpus " + corpus);
  EXPECT_EQ(r.exit, 1) << "a finding outweighs a bad file";
  EXPECT_THAT(r.out, HasSubstr("corpus file " + corpus + "/b.json: wrong_value:kv_cache.values"));
}

TEST(Fuzz, SaysThatNothingRan) {
  EXPECT_EQ(wavefuzz("fuzz --kernel=paged_mqa_logits_mfma_gfx942 --target=sim:gfx950").exit, 4);
}

TEST(Fuzz, PatternsReachPlantedBugs) {
  const std::string out = " --no-shrink --out=" + fresh_folder("patterns");
  CommandResult r = wavefuzz("zoo --kernel='rms_norm*' --target=sim:gfx942" + out);
  EXPECT_EQ(r.exit, 0) << r.err;
  EXPECT_THAT(r.out, HasSubstr("2 of 2"));
  r = wavefuzz("fuzz --kernel='rms_norm_fp8+mean*' --target=sim:gfx942 --cases=20" + out);
  EXPECT_EQ(r.exit, 1);
  EXPECT_THAT(r.out, HasSubstr("1 of 1 planted bugs found"));
  r = wavefuzz("fuzz --kernel='rms_norm_fp8+none*'");
  EXPECT_EQ(r.exit, 2);
  EXPECT_THAT(r.err, HasSubstr("no planted bug is named like 'rms_norm_fp8+none*'"));
}

TEST(Fuzz, RunsAKernelOnceWhateverNamesIt) {
  const CommandResult r = wavefuzz(
      "fuzz --json --kernel=rms_norm_fp8,'rms_norm*',rms_norm_fp8 --target=sim:gfx942 "
      "--cases=2 --ledger=none --out=" +
      fresh_folder("once"));
  EXPECT_EQ(json::parse(r.out)["jobs"].size(), 1u);
}

TEST(Fuzz, EndsWithItsTableWhereAKernelHasNoCase) {
  const std::string folder = fresh_folder("no_case");
  json manifest = json::parse(std::ifstream("gpu/manifests/rms_norm_fp8.json"));
  manifest["require"] = {"rows > 100000"};
  manifest["kernel"] = "never";
  manifest.erase("planted");
  manifest.erase("planted_code_object");
  std::ofstream(folder + "/never.json") << manifest;
  const CommandResult r =
      wavefuzz("fuzz --manifest " + folder +
               "/never.json gpu/manifests/rms_norm_fp8.json "
               "--kernel=never,rms_norm_fp8 --target=sim:gfx942 --cases=4 --ledger=none --out=" +
               folder);
  EXPECT_EQ(r.exit, 4);
  EXPECT_THAT(r.out, HasSubstr("no case inside the claims"));
  EXPECT_THAT(r.out, HasSubstr("what refused most, 1000 times: the kernel requires rows > 100000"));
  EXPECT_THAT(r.out, ContainsRegex("rms_norm_fp8 +sim:gfx942 +4 "));
}

TEST(Fuzz, SaysWhatBecameOfTheCorpus) {
  const CommandResult r = wavefuzz(
      "fuzz --json --kernel=rms_norm_fp8 --target=sim:gfx942 --cases=2 --ledger=none "
      "--corpus=corpus/rms_norm_fp8 --corpus-least=3 --out=" +
      fresh_folder("least"));
  EXPECT_EQ(r.exit, 4);
  EXPECT_THAT(r.err, HasSubstr("--corpus-least=3: 2 cases ran"));
  EXPECT_EQ(json::parse(r.out)["corpus"]["ran"], 2);
}

TEST(Json, IsOneDocumentOnStandardOutputAndNothingElse) {
  for (const std::string& command :
       {"fuzz --json --kernel=" + kPlanted +
            " --target=sim:gfx942 --cases=20 --out=" + fresh_folder("json"),
        std::string("list --json"), "run --json " + planted_finding("json_run"),
        "zoo --json --target=sim:gfx942 --kernel=" + kPlanted + " --out=" + fresh_folder("json")}) {
    const CommandResult r = wavefuzz(command);
    EXPECT_FALSE(json::parse(r.out, nullptr, false).is_discarded()) << command << "\n" << r.out;
  }
}

TEST(Replay, SaysInJsonWhetherItReproduced) {
  const CommandResult r = wavefuzz("replay --json " + planted_finding("replay_json"));
  EXPECT_EQ(r.exit, 1);
  const json verdict = json::parse(r.out);
  EXPECT_EQ(verdict["verdict"], "fail");
  EXPECT_EQ(verdict["reproduced"], true);
  EXPECT_EQ(verdict["signature"], "wrong_value:kv_cache.values");
  EXPECT_FALSE(verdict["findings"].empty());
  EXPECT_EQ(verdict["fidelity"], "within 1 ulp");
}

TEST(Run, TakesACaseToAnotherKernelOrTarget) {
  const std::string file = planted_finding("redirect");
  EXPECT_EQ(wavefuzz("run " + file).exit, 1);
  EXPECT_EQ(wavefuzz("run " + file + " --kernel=" + kRight).exit, 0);
  const CommandResult r = wavefuzz("run --json " + file + " --target=sim:gfx950");
  EXPECT_EQ(json::parse(r.out)["target"], "sim:gfx950");
}

// An infinite element makes the scale infinite, and inf / inf is NaN.
TEST(Run, ExplainsWhereANanComesFrom) {
  json entry = json::parse(std::ifstream(planted_finding("explained")));
  entry["case"]["tensors"]["k"]["rows"] = {{{"fill", "one"}, {"set", {{"0", "0x7f80"}}}}};
  const std::string file = fresh_folder("explained_case") + "/case.json";
  std::ofstream(file) << entry;
  const CommandResult r = wavefuzz("run " + file + " --explain --kernel=" + kRight);
  EXPECT_THAT(r.out, HasSubstr("first +inf: not made by arithmetic; first used by pc 0x"));
  EXPECT_THAT(r.out, HasSubstr("first NaN: made by pc 0x"));
  EXPECT_THAT(r.out, HasSubstr("`v_div_fixup_f32"));
  EXPECT_THAT(r.out, HasSubstr("operands inf, inf"));
  EXPECT_THAT(wavefuzz("run " + planted_finding("finite") + " --explain").out,
              HasSubstr("no non-finite value arose"));
}

TEST(Run, RefusesAShapeOutsideTheClaims) {
  json entry = json::parse(std::ifstream(planted_finding("refused")));
  entry["case"]["params"]["head_dim"] = 2048;
  entry["case"]["params"]["k_stride"] = 2048;
  entry["case"]["params"]["page_stride"] = 1 << 20;
  const std::string file = fresh_folder("refused_case") + "/case.json";
  std::ofstream(file) << entry;
  const CommandResult r = wavefuzz("run " + file);
  EXPECT_EQ(r.exit, 4);
  EXPECT_THAT(r.out, HasSubstr("head_dim = 2048 is outside the claimed 1..1024"));
}

TEST(Shrink, MakesADrawnFailureAsSmallAsTheCampaignDoes) {
  // The campaign's drawn case, from the command that it prints before it shrinks.
  const CommandResult found = campaign(kPlanted, fresh_folder("drawn"), "--inline-cases");
  std::string line;
  for (const std::string& l : found.out_lines()) {
    if (line.empty() && l.starts_with("  replay: ")) line = l;
  }
  const size_t from = line.find("--case='") + 8;
  const std::string file = fresh_folder("drawn_case") + "/case.json";
  std::ofstream(file) << line.substr(from, line.rfind('\'') - from);
  const CommandResult r = wavefuzz("shrink " + file + " --out=" + fresh_folder("shrink_out"));
  EXPECT_EQ(r.exit, 1) << r.err;
  EXPECT_THAT(r.out, HasSubstr("shrunk: 1 token in slot [0], 1 non-zero element (1); head_dim 1,"));
  EXPECT_THAT(r.out, HasSubstr("re-run 3/3 times the same"));
}

struct BadInput {
  std::string arguments;
  std::string complaint;
};

class Usage : public testing::TestWithParam<BadInput> {};

TEST_P(Usage, GetsOneLineAndExitCode2) {
  const CommandResult r = wavefuzz(GetParam().arguments);
  EXPECT_EQ(r.exit, 2);
  EXPECT_EQ(r.out, "");
  EXPECT_THAT(r.err, HasSubstr(GetParam().complaint));
}

INSTANTIATE_TEST_SUITE_P(
    BadInput, Usage,
    testing::Values(
        BadInput{"frobnicate", "frobnicate"}, BadInput{"fuzz --no-such-option", "--no-such-option"},
        BadInput{"fuzz --threads=0", "--threads"}, BadInput{"replay", "file is required"},
        BadInput{"replay /nowhere.json", "wavefuzz: /nowhere.json: No such file or directory\n"},
        BadInput{"run", "give a case: either a file or --case=JSON"},
        BadInput{"run --case='{'", "--case: not JSON"},
        BadInput{"run --case='{}'", "--case: field 'operator' is missing"},
        BadInput{"list --manifest=/nowhere.json", "/nowhere.json"}));

TEST(Usage, OfFuzzNamesWhatThereIs) {
  CommandResult r = wavefuzz("fuzz --kernel=no_such_kernel");
  EXPECT_EQ(r.exit, 2);
  EXPECT_THAT(r.err, HasSubstr("kernel 'no_such_kernel' is unknown; there are "));
  EXPECT_THAT(r.err, HasSubstr(", " + kRight + ", "));
  r = wavefuzz("fuzz --target=sim:gfx90a");
  EXPECT_EQ(r.exit, 2);
  EXPECT_THAT(r.err, HasSubstr("target 'sim:gfx90a' is unknown; there are sim:gfx942, sim:gfx950"));
  r = wavefuzz("fuzz --seed=one");
  EXPECT_EQ(r.exit, 2);
  EXPECT_THAT(r.err, HasSubstr("--seed must be a number from 0 or 'random', is 'one'"));
}

TEST(Manifest, WithABrokenCodeObjectIsNamed) {
  const std::string folder = fresh_folder("objects");
  json manifest = json::parse(std::ifstream("gpu/manifests/indexer_k_quant_and_cache.json"));
  manifest["code_object"] = "broken.co";
  std::ofstream(folder + "/m.json") << manifest;
  const auto complaint = [&] {
    const CommandResult r = wavefuzz(
        "fuzz --target=sim:gfx942 --cases=20 --kernel=right --manifest=" + folder + "/m.json");
    EXPECT_EQ(r.exit, 2) << r.out;
    EXPECT_EQ(lines(r.err), 1) << r.err;
    return r.err;
  };
  EXPECT_THAT(complaint(), HasSubstr("broken.co"));  // not there
  shell("head -c 5000 gpu/kernels/indexer_k_quant_and_cache.gfx942.co > " + folder + "/broken.co");
  EXPECT_THAT(complaint(), HasSubstr(folder + "/broken.co"));  // truncated
  shell("cp gpu/kernels/indexer_k_quant_and_cache.gfx950.co " + folder + "/broken.co");
  EXPECT_THAT(complaint(), HasSubstr("built for gfx950, and the target is sim:gfx942"));
  shell("cp /bin/true " + folder + "/broken.co");
  EXPECT_THAT(complaint(), HasSubstr(folder + "/broken.co"));  // another machine's
  manifest["code_object"] = "gpu/kernels/indexer_k_quant_and_cache.{arch}.co";
  manifest["symbol"] = "no_such_kernel";
  std::ofstream(folder + "/m.json") << manifest;
  EXPECT_THAT(complaint(), HasSubstr("no_such_kernel"));
}

}  // namespace
}  // namespace wavefuzz

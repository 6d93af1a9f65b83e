// A tiny campaign as the five reports tell it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "fuzz/report/testing_xml.h"
#include "tests/command.h"

namespace wavefuzz {
namespace {

using nlohmann::json;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;

const std::string kKernel = "indexer_k_quant_and_cache";
const std::string kManifest = "gpu/manifests/" + kKernel + ".json";

std::string contents(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

/// The folder of a campaign over the kernel, right and with a planted bug.
std::string campaign(const std::string& name) {
  const std::string folder = fresh_folder(name);
  const CommandResult r =
      wavefuzz("fuzz --kernel=" + kKernel + "," + kKernel +
               "+uint8_cast --target=sim:gfx942 --cases=20 --quiet --out=" + folder);
  EXPECT_EQ(r.exit, 1) << r.err;
  return folder;
}

CommandResult all_reports(const std::string& folder, const std::string& more = "") {
  return wavefuzz("report --out=" + folder + " --html=" + folder + "/r.html --junit=" + folder +
                  "/r.xml --sarif=" + folder + "/r.sarif --jsonl=" + folder +
                  "/r.jsonl --markdown=" + folder + "/r.md " + more);
}

std::vector<json> jsonl(const std::string& folder) {
  std::ifstream in(folder + "/r.jsonl");
  std::vector<json> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(json::parse(line));
  return lines;
}

int lines(const std::string& text) {
  return static_cast<int>(std::count(text.begin(), text.end(), '\n'));
}

TEST(Report, TellsACampaignInFiveFormats) {
  const std::string folder = campaign("five");
  const CommandResult r = all_reports(folder);
  EXPECT_EQ(r.exit, 0) << r.out << r.err;
  EXPECT_EQ(lines(r.out), 5);

  const Xml html(contents(folder + "/r.html"));
  EXPECT_THAT(html.all("//h1"), ElementsAre("No findings"));
  EXPECT_THAT(html.all("//section[@id='ran']//tbody/tr/td[1]"), ElementsAre(kKernel));
  EXPECT_THAT(html.all("//section[@id='planted']/p[1]"),
              ElementsAre(StartsWith("1 of 1 found; 1 of the 25 ranked")));
  EXPECT_THAT(html.all("//article/h3"), ElementsAre("wrong_value:kv_cache.values"));
  EXPECT_THAT(html.all("//article//img/@src"), Contains(StartsWith("data:image/png;base64,")));
  EXPECT_THAT(html.all("//article//th"), Contains("the worst"));
  EXPECT_THAT(html.all("//article//span"), Contains(HasSubstr("catches it: aiter")));

  const Xml junit(contents(folder + "/r.xml"));
  EXPECT_THAT(junit.all("//testsuite/@name"), ElementsAre(kKernel));
  EXPECT_THAT(junit.all("//testsuite/@tests"), ElementsAre("2"));
  EXPECT_THAT(junit.all("//failure/@type"), ElementsAre("wrong_value:kv_cache.values"));

  const json sarif = json::parse(contents(folder + "/r.sarif"));
  const json& results = sarif.at("runs").at(0).at("results");
  ASSERT_THAT(results, SizeIs(1));
  EXPECT_EQ(results[0]["ruleId"], "wrong_value");
  EXPECT_EQ(results[0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"], kManifest);

  const std::vector<json> all = jsonl(folder);
  ASSERT_THAT(all, SizeIs(3));
  EXPECT_EQ(all[0]["cases"], 20);
  EXPECT_EQ(all[2]["run_again"], true);
  EXPECT_EQ(all[2]["manifest"], kManifest);
  EXPECT_THAT(all[2]["gates"], SizeIs(5));

  EXPECT_THAT(contents(folder + "/r.md"), HasSubstr("1 of 1 planted bugs found"));
}

TEST(Report, ShowsTheInstructionAtFaultInItsDisassembly) {
  const std::string folder = fresh_folder("instruction");
  ASSERT_EQ(
      wavefuzz("fuzz --kernel=" + kKernel +
               "+negative_slot_written --target=sim:gfx942 --cases=50 --quiet --out=" + folder)
          .exit,
      1);
  ASSERT_EQ(all_reports(folder).exit, 0);
  const Xml html(contents(folder + "/r.html"));
  const std::vector<std::string> lines = html.all("//article//pre[@class='listing']/span");
  EXPECT_GT(lines.size(), 1u);
  const std::vector<std::string> at_fault = html.all("//article//span[@class='here']");
  ASSERT_THAT(at_fault, SizeIs(1));
  // "> 0x2c4  global_store_byte ...", and the finding says "pc 0x2c4 `global_store_byte ...`".
  const size_t pc = at_fault[0].find("0x"), text = at_fault[0].find("  ", pc);
  EXPECT_THAT(jsonl(folder).back()["message"].get<std::string>(),
              HasSubstr("pc " + at_fault[0].substr(pc, text - pc) + " `" +
                        at_fault[0].substr(text + 2) + "`"));
}

TEST(Report, EndsItsFindingsWithACommandThatReplaysThem) {
  const std::string folder = campaign("replay");
  ASSERT_EQ(all_reports(folder).exit, 0);
  const std::string by_file = jsonl(folder).back()["replay"];
  EXPECT_THAT(by_file, HasSubstr("wavefuzz replay " + folder));
  EXPECT_EQ(shell(by_file).exit, 1);
  // Where the finding's file is gone, the command holds the case.
  for (const auto& [file, text] : findings_in(folder)) std::filesystem::remove(folder + "/" + file);
  ASSERT_EQ(all_reports(folder).exit, 0);
  const std::string by_case = jsonl(folder).back()["replay"];
  EXPECT_THAT(by_case, HasSubstr("wavefuzz run --case="));
  EXPECT_EQ(shell(by_case).exit, 1);
}

TEST(Report, GoesOnWithoutTheObjects) {
  const std::string folder = campaign("objects");
  const std::string empty = fresh_folder("empty");
  std::filesystem::copy_file(kManifest, empty + "/kernel.json");
  const CommandResult r =
      all_reports(folder, "--root=" + empty + " --manifest=" + empty + "/kernel.json");
  EXPECT_EQ(r.exit, 0) << r.err;
  EXPECT_EQ(jsonl(folder).back()["run_again"], nullptr);
  EXPECT_THAT(Xml(contents(folder + "/r.html")).all("//article//span"),
              Contains(StartsWith("no: ")));
}

TEST(Report, IsTheSameTwice) {
  const std::string folder = campaign("twice");
  ASSERT_EQ(all_reports(folder).exit, 0);
  std::vector<std::string> first;
  for (const char* kind : {"html", "xml", "sarif", "jsonl", "md"})
    first.push_back(contents(folder + "/r." + kind));
  ASSERT_EQ(all_reports(folder).exit, 0);
  std::vector<std::string> second;
  for (const char* kind : {"html", "xml", "sarif", "jsonl", "md"})
    second.push_back(contents(folder + "/r." + kind));
  EXPECT_EQ(first, second);
}

TEST(Report, SaysInOneLineWhatIsWrong) {
  const std::string folder = campaign("wrong");
  const auto expect = [](const std::string& arguments, int exit, const std::string& text) {
    const CommandResult r = wavefuzz("report " + arguments);
    EXPECT_EQ(r.exit, exit) << arguments;
    EXPECT_EQ(lines(r.err), 1) << r.err;
    EXPECT_THAT(r.err, HasSubstr(text));
    EXPECT_THAT(r.out, IsEmpty());
  };
  const std::string here = "--out=" + folder + " ";
  expect(here, 2, "give at least one of --html");
  expect("--db=" + folder + "/none.sqlite --html=" + folder + "/x.html", 2, "none.sqlite: no such");
  expect(here + "--campaign=77 --html=" + folder + "/x.html", 2, "has no campaign 77");
  std::ofstream(folder + "/empty.sqlite");
  expect("--db=" + folder + "/empty.sqlite --html=" + folder + "/x.html", 4, "has no campaigns");
  std::ofstream(folder + "/other.sqlite") << std::string(4096, 'x');
  expect("--db=" + folder + "/other.sqlite --html=" + folder + "/x.html", 2, "other.sqlite");
  std::ofstream(folder + "/file") << "not a folder";
  expect(here + "--html=" + folder + "/file/x.html", 3, "cannot be written");
  EXPECT_FALSE(std::filesystem::exists(folder + "/x.html"));
}

}  // namespace
}  // namespace wavefuzz

// What the formats say is read back with a parser of theirs and held against the campaign.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "fuzz/case/text.h"
#include "fuzz/report/build.h"
#include "fuzz/report/model.h"
#include "fuzz/report/testing_xml.h"

namespace wavefuzz {
namespace {

using nlohmann::json;
using testing::Contains;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

// What a message must not be able to do to any format: markup, the ends of sections, entities,
// quotes, control characters, bytes that are no UTF-8, links and tables of Markdown.
const std::string kHostile =
    "<script>alert(1)</script> ]]> --> &lt; \" ' \x01\x1b[31m \xff\xfe | ``` `x` @team "
    "[a](http://b) </details>";
// The same where characters that no format may hold are replaced.
const std::string kHostileClean =
    "<script>alert(1)</script> ]]> --> &lt; \" ' \xEF\xBF\xBD\xEF\xBF\xBD[31m "
    "\xEF\xBF\xBD\xEF\xBF\xBD | ``` `x` @team [a](http://b) </details>";

ReportJob job(const std::string& kernel, const std::string& plant, const std::string& target,
              uint64_t cases) {
  ReportJob j;
  j.result.job = {kernel, plant, target};
  j.result.cases = cases;
  j.result.cpu_seconds = 1.5;
  j.result.by_status[Status::kPass] = cases;
  return j;
}

ReportFinding finding(const Job& job, const std::string& signature, const std::string& message) {
  ReportFinding f;
  f.job = job;
  f.case_index = 7;
  f.signature = signature;
  f.message = message;
  f.details = {{FindingKind::kWrongValue, "o", message}};
  f.drawn = "drawn " + message;
  f.shrunk = "shrunk " + message;
  f.replay = "wavefuzz replay out/a.json --manifest='" + message + "'";
  f.location = "gpu/manifests/" + job.kernel + ".json";
  f.alike = true;
  f.gates = {{"aiter", true}, {"cosine", false}};
  return f;
}

/// Two kernels and a planted bug; three findings against the first kernel, one of them hostile.
ReportModel model() {
  ReportModel m;
  m.campaign.id = 3;
  m.campaign.started = "2026-01-02T03:04:05Z";
  m.campaign.version = "0.1.0";
  m.campaign.state = "done";
  m.campaign.key.seed = 42;
  m.campaign.seconds = 12;
  m.jobs = {job("alpha", "", "sim:gfx942", 500), job("alpha", "", "sim:gfx950", 500),
            job("alpha", "off_by_one", "sim:gfx942", 3), job("beta", "", "sim:gfx942", 500),
            job("idle", "", "sim:gfx942", 0)};
  m.findings = {finding(m.jobs[0].result.job, "wrong_value:o", kHostile),
                finding(m.jobs[0].result.job, "data_race", "two waves"),
                finding(m.jobs[1].result.job, "wrong_value:o", "o[0] is off"),
                finding(m.jobs[2].result.job, "stray_write:o", "past the end")};
  m.score = ZooScore{1, 1, {}, {}};
  CampaignRecord before = m.campaign;
  before.id = 2;
  m.before = before;
  m.change.added = {"alpha on sim:gfx942: data_race", kHostile};
  m.nights = {{before, {}}, {m.campaign, m.change}};
  return m;
}

TEST(Text, CleanKeepsWhatIsAllowedAndReplacesTheRest) {
  EXPECT_EQ(clean("plain, \xC3\xA9, \xF0\x9F\x99\x82\n"), "plain, \xC3\xA9, \xF0\x9F\x99\x82\n");
  EXPECT_EQ(clean(kHostile), kHostileClean);
  EXPECT_EQ(clean("\xC0\xAF"), "\xEF\xBF\xBD\xEF\xBF\xBD") << "an overlong slash";
  EXPECT_EQ(clean("\xED\xA0\x80"), "\xEF\xBF\xBD") << "half a surrogate pair";
  EXPECT_EQ(clean("\xE2\x82"), "\xEF\xBF\xBD\xEF\xBF\xBD") << "cut off";
  EXPECT_EQ(clean(std::string("\0", 1)), "\xEF\xBF\xBD");
}

TEST(Text, XmlReadsBackAsItWas) {
  EXPECT_THAT(Xml("<a b=\"" + xml_text(kHostile) + "\"/>").all("//@b"), ElementsAre(kHostileClean));
  EXPECT_THAT(Xml("<a>" + xml_text(kHostile) + "</a>").all("//a"), ElementsAre(kHostileClean));
  EXPECT_THAT(Xml("<a b=\"" + xml_text("1\n2\t3") + "\"/>").all("//@b"), ElementsAre("1\n2\t3"));
}

TEST(Text, AMarkdownCellCannotEndItsCellLineOrCode) {
  EXPECT_THAT(markdown_text("a|b\nc"), "a\\|b c");
  EXPECT_THAT(markdown_text(kHostile), Not(HasSubstr("<script")));
  EXPECT_THAT(markdown_text("@team"), Not(HasSubstr("@")));
  EXPECT_EQ(markdown_code("a`b"), "`` a`b ``");
  EXPECT_EQ(markdown_code("a|b"), "`a\\|b`");
}

TEST(Text, PathsAreUris) {
  EXPECT_EQ(path_uri("gpu/a b#.json"), "gpu/a%20b%23.json");
  EXPECT_EQ(path_uri("/tmp/x.json"), "file:///tmp/x.json");
}

TEST(Html, IsOneWellFormedFileThatNeedsNothingElse) {
  const std::string text = html_report(model());
  const Xml html(text);
  EXPECT_EQ(html.count("//script"), 0u);
  EXPECT_EQ(html.count("//*[@onload or @onclick or @onerror]"), 0u);
  EXPECT_THAT(html.all("//@src"), Each(StartsWith("data:")));
  for (const std::string& href : html.all("//@href[not(../@class='out')]"))
    EXPECT_TRUE(href.starts_with("#") || href.starts_with("data:")) << href;
  EXPECT_THAT(text, Not(HasSubstr("@import")));
  EXPECT_THAT(text, Not(HasSubstr("url(")));
  EXPECT_THAT(html.all("//meta[@name='viewport']/@content"),
              ElementsAre(HasSubstr("device-width")));
  EXPECT_THAT(text, HasSubstr("prefers-color-scheme: dark"));
}

/// The second finding is known, the third was fixed once.
ReportModel model_with_ledger() {
  ReportModel m = model();
  m.findings[1].known = "two_waves";
  m.findings[1].link = "https://example.org/7";
  m.findings[2].known = "off";
  m.findings[2].link = "https://example.org/8?a=1&b=2";
  m.findings[2].regression = true;
  std::swap(m.findings[1], m.findings[2]);  // as build_report() has them: what is known last
  return m;
}

TEST(KnownFindings, AreNoNewsInAnyFormat) {
  const ReportModel m = model_with_ledger();
  EXPECT_EQ(m.news(), 2u);
  EXPECT_EQ(m.known_findings(), 1u);

  const Xml html(html_report(m));
  EXPECT_THAT(html.all("//h1"), ElementsAre("2 findings"));
  EXPECT_THAT(html.all("//p[@class='lead']"), Contains(HasSubstr("; 1 known")));
  EXPECT_THAT(html.all("//a[@class='out']/@href"),
              ElementsAre("https://example.org/8?a=1&b=2", "https://example.org/7"));

  const Xml junit(junit_report(m));
  EXPECT_THAT(junit.all("//testcase/skipped/@message"),
              ElementsAre("known: two_waves, https://example.org/7: data_race: two waves"));
  EXPECT_THAT(junit.all("/testsuites/testsuite[1]/@failures"), ElementsAre("3"));
  EXPECT_THAT(junit.all("/testsuites/testsuite[1]/@skipped"), ElementsAre("1"));
  EXPECT_EQ(junit.count("//testsuite[1]/testcase/failure"), 3u);

  const json sarif = json::parse(sarif_report(m));
  for (const json& r : sarif["runs"][0]["results"]) {
    EXPECT_EQ(r.contains("suppressions"), r["ruleId"] == "data_race");
    if (!r.contains("suppressions")) continue;
    // SARIF 2.1.0, 3.35: kind is required; status is one of three.
    EXPECT_EQ(r["suppressions"][0]["kind"], "external");
    EXPECT_EQ(r["suppressions"][0]["status"], "accepted");
    EXPECT_EQ(r["suppressions"][0]["justification"], "known: two_waves, https://example.org/7");
  }

  const std::string markdown = markdown_report(m);
  EXPECT_THAT(markdown, StartsWith("### wavefuzz: 2 findings\n"));
  EXPECT_THAT(markdown,
              HasSubstr("\n1 known finding: [two\\_waves](<https://example.org/7>) 1.\n"));
  EXPECT_THAT(jsonl_report(m), HasSubstr(R"("known_fault":{"name":"two_waves")"));
}

TEST(KnownFindings, AloneAreACleanCampaign) {
  ReportModel m = model_with_ledger();
  m.findings.erase(m.findings.begin(), m.findings.begin() + 2);
  EXPECT_THAT(Xml(html_report(m)).all("//h1[@class='good']"), ElementsAre("No new findings"));
  EXPECT_THAT(markdown_report(m), StartsWith("### wavefuzz: no new findings\n"));
}

TEST(Html, ShowsAMapAsAPictureOfItsOwn) {
  ReportModel m = model();
  m.findings[0].map = "<svg xmlns=\"http://www.w3.org/2000/svg\"><text>100 %</text></svg>";
  m.findings[0].map_says = "ctx across, qlen down";
  const Xml html(html_report(m));
  EXPECT_THAT(html.all("//img[@class='map']/@src"),
              ElementsAre(HasSubstr("data:image/svg+xml,%3Csvg%20xmlns=%22http://www.w3.org/2000/"
                                    "svg%22%3E%3Ctext%3E100%20%25%3C/text%3E")));
  EXPECT_THAT(html.all("//figcaption"), Contains("ctx across, qlen down"));
}

TEST(Html, LinksLeadSomewhereAndIdsAreUnique) {
  const Xml html(html_report(model()));
  const std::vector<std::string> ids = html.all("//@id");
  EXPECT_EQ(std::set<std::string>(ids.begin(), ids.end()).size(), ids.size());
  for (const std::string& href : html.all("//a/@href")) EXPECT_THAT(ids, Contains(href.substr(1)));
}

TEST(Html, TellsEachFindingWithItsSentenceReplayAndGates) {
  const Xml html(html_report(model()));
  EXPECT_THAT(html.all("//h1"), ElementsAre("3 findings"));
  ASSERT_EQ(html.count("//article"), 4u);
  EXPECT_EQ(html.count("//section[@id='findings']//article"), 3u);
  EXPECT_EQ(html.count("//section[@id='planted']//article"), 1u);
  EXPECT_THAT(html.all("//article[1]/p[@class='what']"), Contains(kHostileClean));
  EXPECT_THAT(html.all("//article[1]/h3"), Contains("wrong_value:o"));
  EXPECT_THAT(html.all("//article[1]//pre"), Contains(clean(model().findings[0].replay)));
  EXPECT_THAT(html.all("//article[1]//strong"), Contains("missed by aiter"));
}

TEST(Html, SaysWhatRanAndWhatWasNotRunAgain) {
  ReportModel m = model();
  m.findings[1].not_run = "a.co: no such file";
  m.findings[2].alike = false;
  m.findings[2].now = "pass";
  const Xml html(html_report(m));
  EXPECT_EQ(html.count("//section[@id='ran']//tbody/tr"), 4u) << "planted bugs are told elsewhere";
  EXPECT_THAT(html.all("//section[@id='ran']//tbody/tr[1]/td"),
              ElementsAre("alpha", "sim:gfx942", "500", "0", "0", "", "0", "2"));
  EXPECT_THAT(html.all("//article[2]//span"), Contains("no: a.co: no such file"));
  EXPECT_THAT(html.all("//article[3]//strong"), Contains("does not fail alike now: pass"));
}

TEST(Html, StaysSmall) {
  // 10,000 cases, the most findings that a report has pictures of, with noise in each picture, and
  // as many kernels as nobody has.
  ReportModel m = model();
  for (int k = 0; k < 200; ++k) {
    m.jobs.push_back(job("kernel" + std::to_string(k), "", "sim:gfx942", 50));
    ReportProgram& p = m.jobs.back().programs.emplace_back();
    p.coverage.unreached.assign(8, {0x1234, 20, std::string(60, 'i'), std::string(60, 'g')});
    p.unreached = 8;
    ReportFinding f = finding(m.jobs.back().result.job, "wrong_value:o", std::string(200, 'm'));
    Picture picture;
    picture.width = picture.column_count = kMostPictureColumns;
    picture.height = picture.row_count = 30;
    uint32_t x = static_cast<uint32_t>(k);
    for (uint64_t i = 0; i < picture.width * picture.height; ++i) {
      x = x * 1664525 + 1013904223;
      picture.cells.push_back(static_cast<Shade>((x >> 24) % kShades));
    }
    f.pictures.push_back(picture);
    m.findings.insert(m.findings.begin(), f);
  }
  EXPECT_LT(html_report(m).size(), 5'000'000u);
}

TEST(JUnit, HasATestcaseForEachJobAndAFailureForEachFinding) {
  const ReportModel m = model();
  const Xml xml(junit_report(m));
  EXPECT_THAT(xml.all("/testsuites/testsuite/@name"), ElementsAre("alpha", "beta", "idle"));
  EXPECT_EQ(xml.count("//failure"), m.findings.size());
  for (const ReportJob& j : m.jobs) {
    EXPECT_EQ(xml.count("//testcase[@classname='" + kernel_name(j.result.job) + "' and @name='" +
                        j.result.job.target + "']"),
              1u);
  }
  EXPECT_THAT(xml.all("//testcase[@name='sim:gfx942: data_race']/@classname"),
              ElementsAre("alpha"));
  for (size_t i = 1; i <= 3; ++i) {
    const std::string suite = "/testsuites/testsuite[" + std::to_string(i) + "]";
    const auto number = [&](const std::string& name) {
      return std::stoul(xml.all(suite + "/@" + name).at(0));
    };
    EXPECT_EQ(number("tests"), xml.count(suite + "/testcase"));
    EXPECT_EQ(number("failures"), xml.count(suite + "/testcase/failure"));
    EXPECT_EQ(number("skipped"), xml.count(suite + "/testcase/skipped"));
    EXPECT_EQ(number("errors"), 0u);
    EXPECT_EQ(number("id"), i - 1);
  }
  EXPECT_EQ(xml.count("//testsuite[@name='idle']//skipped"), 1u);
  EXPECT_EQ(xml.count("//testcase[count(*) > 1]"), 0u) << "Ant's schema has one failure in each";
}

TEST(JUnit, HoldsTheAttributesThatBothSchemasAskFor) {
  const Xml xml(junit_report(model()));
  for (const char* name :
       {"name", "package", "id", "timestamp", "hostname", "tests", "failures", "errors", "time"})
    EXPECT_EQ(xml.count(std::string("//testsuite/@") + name), 3u) << name;
  EXPECT_THAT(xml.all("//testsuite/@timestamp"), Each("2026-01-02T03:04:05"));
  for (const char* name : {"name", "classname", "time"})
    EXPECT_EQ(xml.count(std::string("//testcase/@") + name), xml.count("//testcase")) << name;
  EXPECT_EQ(xml.count("//failure/@type"), xml.count("//failure"));
  for (const char* child : {"properties", "system-out", "system-err"})
    EXPECT_EQ(xml.count(std::string("//testsuite/") + child), 3u) << child;
  EXPECT_THAT(xml.all("//failure/@message"), Contains(kHostileClean));
  EXPECT_THAT(xml.all("//failure"), Contains(HasSubstr(clean(model().findings[0].replay))));
}

TEST(Sarif, HasTheRequiredProperties) {
  const ReportModel m = model();
  const json sarif = json::parse(sarif_report(m));
  EXPECT_EQ(sarif.at("version"), "2.1.0");
  ASSERT_EQ(sarif.at("runs").size(), 1u);
  const json& run = sarif["runs"][0];
  const json& driver = run.at("tool").at("driver");
  EXPECT_EQ(driver.at("name"), "wavefuzz");
  std::vector<std::string> rules;
  for (const json& rule : driver.at("rules")) {
    rules.push_back(rule.at("id"));
    for (const char* text : {"shortDescription", "fullDescription", "help"})  // GitHub's
      EXPECT_THAT(rule.at(text).at("text").get<std::string>(), Not(IsEmpty()));
  }
  EXPECT_THAT(rules, ElementsAre("data_race", "stray_write", "wrong_value"));
  ASSERT_EQ(run.at("results").size(), m.findings.size());
  for (const json& r : run["results"]) {
    EXPECT_EQ(rules.at(r.at("ruleIndex")), r.at("ruleId"));
    EXPECT_THAT((std::set<std::string>{"none", "note", "warning", "error"}),
                Contains(r.at("level").get<std::string>()));
    const std::string text = r.at("message").at("text");
    EXPECT_THAT(text, HasSubstr("\nReplay: wavefuzz replay out/a.json"));
    EXPECT_THAT(text, testing::EndsWith("'"));
    const json& artifact = r.at("locations").at(0).at("physicalLocation").at("artifactLocation");
    EXPECT_THAT(artifact.at("uri").get<std::string>(), StartsWith("gpu/manifests/"));
  }
  EXPECT_EQ(run["results"][0]["level"], "error");
  EXPECT_EQ(run["results"][3]["level"], "note") << "a planted bug";
  EXPECT_THAT(run["results"][0]["message"]["text"].get<std::string>(), HasSubstr(kHostileClean));
}

/// Of undefined data that a function from a header loads and stores.
Finding with_source(const std::string& folder) {
  Finding f;
  f.kind = FindingKind::kUninitialised;
  f.message = "told";
  f.instruction = "global_store_dword v1, v2, s[0:1]";
  f.kernel = {"k.co", "k"};
  f.source = {{folder + "src/store.h", 12, 7, "store_row"}, {folder + "src/k.hip", 40, 3, "k"}};
  f.loaded_by = Instruction{8, "global_load_dword v2, v1, s[2:3]", {{folder + "src/k.hip", 9, 0}}};
  return f;
}

TEST(Sarif, PointsAtTheSourceOfTheKernelWhereItIsKnown) {
  ReportModel m = model();
  m.folders = {"/home/tree"};
  const auto first = [&](const Finding& f) {
    m.findings[0].details = {f};
    return json::parse(sarif_report(m))["runs"][0]["results"][0];
  };
  const auto physical = [](const json& at) { return at.at("physicalLocation"); };
  const json file = {{"uri", "src/store.h"}, {"uriBaseId", "%SRCROOT%"}};
  const json region = {{"startLine", 12}, {"startColumn", 7}};
  // Relative as the object has it, below the tree, elsewhere.
  for (const std::string folder : {"", "/home/tree/"}) {
    const json r = first(with_source(folder));
    ASSERT_EQ(r["locations"].size(), 1u);
    EXPECT_EQ(physical(r["locations"][0]), json({{"artifactLocation", file}, {"region", region}}));
  }
  const json r = first(with_source("/opt/a b/"));
  EXPECT_EQ(physical(r["locations"][0]).at("artifactLocation"),
            json({{"uri", "file:///opt/a%20b/src/store.h"}}));

  const json& related = r.at("relatedLocations");
  ASSERT_EQ(related.size(), 3u);
  EXPECT_EQ(related[0]["message"]["text"], "The kernel's manifest");
  EXPECT_THAT(physical(related[0])["artifactLocation"]["uri"].get<std::string>(),
              StartsWith("gpu/manifests/"));
  EXPECT_EQ(related[1]["message"]["text"], "source: inlined here");
  EXPECT_EQ(physical(related[1])["region"]["startLine"], 40);
  EXPECT_EQ(related[2]["message"]["text"], "loaded at");
  EXPECT_EQ(physical(related[2])["region"], json({{"startLine", 9}})) << "no column is known";
  for (size_t i = 0; i < related.size(); ++i) EXPECT_EQ(related[i]["id"], i + 1);

  ASSERT_EQ(r.at("codeFlows").size(), 1u);
  const json& threads = r["codeFlows"][0].at("threadFlows");
  ASSERT_EQ(threads.size(), 1u);
  const json& steps = threads[0].at("locations");
  ASSERT_EQ(steps.size(), 2u);
  EXPECT_EQ(physical(steps[0].at("location"))["region"]["startLine"], 9);
  EXPECT_EQ(physical(steps[1].at("location"))["region"]["startLine"], 12);
  EXPECT_EQ(r["properties"]["finding"]["source"][0]["line"], 12);
}

TEST(Sarif, ARaceHasAFlowForEachAccess) {
  ReportModel m = model();
  Finding f = with_source("");
  f.kind = FindingKind::kDataRace;
  f.loaded_by.reset();
  f.other = OtherAccess{{4, "ds_write_b32 v1, v2", {{"src/k.hip", 20, 5, "k"}}}, "writes", {}, 1};
  m.findings[0].details = {f};
  const json r = json::parse(sarif_report(m))["runs"][0]["results"][0];
  const json& threads = r.at("codeFlows").at(0).at("threadFlows");
  ASSERT_EQ(threads.size(), 2u);
  std::vector<int> lines;
  for (const json& t : threads)
    lines.push_back(t["locations"][0]["location"]["physicalLocation"]["region"]["startLine"]);
  EXPECT_THAT(lines, ElementsAre(20, 12));
}

TEST(Sarif, WithoutSourceLinesAResultStandsAtTheManifestAlone) {
  ReportModel m = model();
  Finding f = with_source("");
  f.source.clear();  // the load's line alone does not say where the fault is
  m.findings[0].details = {f};
  const json r = json::parse(sarif_report(m))["runs"][0]["results"][0];
  EXPECT_EQ(r["locations"][0]["physicalLocation"]["region"]["startLine"], 1);
  EXPECT_FALSE(r.contains("relatedLocations"));
  EXPECT_FALSE(r.contains("codeFlows"));
}

TEST(Source, IsInEveryOtherFormatToo) {
  ReportModel m = model();
  m.findings[0].details = {with_source("")};
  m.findings[0].boundary = "fails for ctx 3..";
  const std::string place = "src/store.h:12:7 in store_row, inlined at src/k.hip:40:3 in k";
  for (const std::string& text : {html_report(m), junit_report(m)}) {
    EXPECT_THAT(text, HasSubstr(place));
    EXPECT_THAT(text, HasSubstr("src/k.hip:9"));
  }
  EXPECT_THAT(markdown_report(m), HasSubstr("src/store.h:12:7: fails for ctx 3.."));
  EXPECT_THAT(jsonl_report(m), HasSubstr(R"("file":"src/store.h","line":12,"column":7)"));
}

TEST(Sarif, AFindingKeepsItsFingerprintWhileItsSignatureLasts) {
  ReportModel m = model();
  const auto fingerprints = [&] {
    std::vector<json> list;
    const json sarif = json::parse(sarif_report(m));
    for (const json& r : sarif["runs"][0]["results"]) list.push_back(r.at("partialFingerprints"));
    return list;
  };
  const std::vector<json> before = fingerprints();
  EXPECT_EQ(std::set<json>(before.begin(), before.end()).size(), before.size());
  m.campaign.id = 9;
  for (ReportFinding& f : m.findings) {
    f.case_index += 100;
    f.message = "other numbers";
    f.smallest.seed = 5;
    f.replay += " --more";
  }
  EXPECT_EQ(fingerprints(), before);
  m.findings[0].signature = "wrong_value:lse";
  EXPECT_NE(fingerprints()[0], before[0]);
}

TEST(JsonLines, HasALineForEachJobAndFinding) {
  const ReportModel m = model();
  std::istringstream in(jsonl_report(m));
  size_t jobs = 0, findings = 0;
  for (std::string text; std::getline(in, text);) {
    const json line = json::parse(text);
    EXPECT_EQ(line.at("seed"), 42);
    if (line.at("type") == "job") {
      EXPECT_EQ(line.at("cases"), m.jobs.at(jobs).result.cases);
      EXPECT_EQ(line.at("kernel"), m.jobs.at(jobs++).result.job.kernel);
    } else {
      EXPECT_EQ(line.at("type"), "finding");
      EXPECT_EQ(line.at("signature"), m.findings.at(findings).signature);
      EXPECT_EQ(line.at("gates").at("aiter"), true);
      ++findings;
    }
  }
  EXPECT_EQ(jobs, m.jobs.size());
  EXPECT_EQ(findings, m.findings.size());
}

TEST(Markdown, IsShortAndHasTheReplayCommands) {
  const std::string text = markdown_report(model());
  EXPECT_THAT(text, StartsWith("### wavefuzz: 3 findings\n"));
  EXPECT_LT(text.size(), 4000u);
  EXPECT_THAT(text, HasSubstr("1 of 1 planted bugs found"));
  EXPECT_THAT(text, HasSubstr("Against campaign 2: 2 new, 0 gone"));
  std::istringstream in(text);
  size_t rows = 0, commands = 0;
  std::string fence;
  for (std::string line; std::getline(in, line);) {
    rows += line.starts_with("| `alpha` | `sim:");
    commands += line.starts_with("wavefuzz replay out/a.json");
    if (line.starts_with("|")) {
      EXPECT_THAT(line, Not(HasSubstr("<script")));
      EXPECT_THAT(line, Not(HasSubstr("@team")));
      size_t bars = 0;
      for (size_t i = 0; i < line.size(); ++i)
        bars += line[i] == '|' && (i == 0 || line[i - 1] != '\\');
      EXPECT_EQ(bars, 6u) << line;
    }
    if (line.find_first_not_of('`') == std::string::npos && line.size() >= 3) fence = line;
  }
  EXPECT_EQ(rows, 3u);
  EXPECT_EQ(commands, 3u);
  EXPECT_GT(fence.size(), 3u) << "a command has three backquotes in a row";
}

TEST(Markdown, HasNoTableWhereThereIsNothingToTell) {
  ReportModel m = model();
  m.findings.erase(m.findings.begin(), m.findings.begin() + 3);
  const std::string text = markdown_report(m);
  EXPECT_THAT(text, StartsWith("### wavefuzz: no findings\n"));
  EXPECT_THAT(text, Not(HasSubstr("|---")));
}

ComparedTensor tensor(uint64_t rows, uint64_t columns) {
  ComparedTensor t;
  t.place = "o";
  t.axes = {"token", "d"};
  t.shape = {rows, columns};
  t.expected.assign(rows * columns, 1);
  t.got = t.expected;
  t.bound.assign(rows * columns, 0.125);
  return t;
}

TEST(PictureOf, ShadesErrorsByTheirBounds) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  ComparedTensor t = tensor(2, 4);
  t.got = {1.125, 1.25, 3.25, 1000, 1, nan, HUGE_VAL, 5};
  t.expected[7] = nan;  // unspecified
  const Picture p = picture_of(t);
  EXPECT_THAT(p.cells,
              ElementsAre(Shade::kRight, Shade::kWrong1, Shade::kWrong2, Shade::kWrong3,
                          Shade::kRight, Shade::kNotFinite, Shade::kNotFinite, Shade::kNone));
  EXPECT_EQ(p.compared, 7u);
  EXPECT_EQ(p.wrong, 5u);
  EXPECT_EQ(p.not_finite, 2u);
  EXPECT_EQ(p.largest, 999);
  ASSERT_EQ(p.worst.size(), 5u);
  EXPECT_EQ(p.worst[0].name, "token 1, d 1");
}

TEST(PictureOf, AMinusInfinityThatShouldBeOneIsRight) {
  ComparedTensor t = tensor(1, 2);
  t.expected = {-HUGE_VAL, -HUGE_VAL};
  t.got = {-HUGE_VAL, 0};
  EXPECT_THAT(picture_of(t).cells, ElementsAre(Shade::kRight, Shade::kWrong3));
}

TEST(PictureOf, WithoutABoundEveryDifferenceIsWrong) {
  ComparedTensor t = tensor(1, 3);
  t.bound.clear();
  t.expected = {100, 100, 100};
  t.got = {100, 101, 99.5};
  EXPECT_THAT(picture_of(t).cells, ElementsAre(Shade::kRight, Shade::kWrong1, Shade::kWrong1));
}

TEST(PictureOf, ALargeTensorKeepsItsOneWrongElement) {
  ComparedTensor t = tensor(1000, 3000);
  t.got[999 * 3000 + 2999] = 9;
  const Picture p = picture_of(t);
  EXPECT_LE(p.width, kMostPictureColumns);
  EXPECT_LE(p.height, kMostPictureRows);
  EXPECT_EQ(p.cells.back(), Shade::kWrong2);
  EXPECT_EQ(std::count(p.cells.begin(), p.cells.end(), Shade::kRight),
            static_cast<int64_t>(p.cells.size()) - 1);
}

/// A campaign as the database holds it: a finding, a failure that was never shrunk, and the
/// campaign before.
std::string database() {
  const std::string path = testing::TempDir() + "report.sqlite";
  for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(path + suffix);
  CampaignStore store(path);
  store.begin({1, 0, 1});
  store.finish(false);
  store.begin({2, 0, 1});
  Case c;
  c.op = "quantise_fp8";
  c.kernel = "gone";
  c.target = "sim:gfx942";
  Verdict verdict;
  verdict.status = Status::kFail;
  verdict.findings = {{FindingKind::kWrongValue, "codes", kHostileClean}};
  const Job job = {"gone", "", "sim:gfx942"};
  store.failure(job, 4, c, verdict);
  CampaignFinding f;
  f.job = job;
  f.case_index = 4;
  f.original = f.shrunk.smallest = c;
  f.shrunk.verdict = verdict;
  JobResult r;
  r.job = job;
  r.cases = 10;
  r.by_status[Status::kPass] = 9;
  r.findings = {f};
  store.save(r, 3);
  verdict.findings = {{FindingKind::kStrayWrite, "codes", "bytes"}};
  store.failure({"gone", "", "sim:gfx950"}, 6, c, verdict);
  store.finish(true);
  return path;
}

TEST(Build, TellsACampaignWhoseKernelsAreNoLongerHere) {
  const std::string path = database();
  CampaignStore store(path);
  ASSERT_TRUE(store.select(2));
  const Harness harness({}, Roots("."));
  const std::atomic<bool> never = false;
  const ReportModel m =
      build_report(harness, store,
                   {.replay = [](const Case&, const Case&) { return std::string("again"); },
                    .database = "out/campaigns.sqlite"},
                   never);
  EXPECT_EQ(m.campaign.id, 2);
  EXPECT_EQ(m.campaign.state, "interrupted");
  EXPECT_EQ(m.jobs.size(), 2u);
  EXPECT_EQ(m.nights.size(), 2u);
  EXPECT_EQ(m.change.added.size(), 2u);
  ASSERT_EQ(m.findings.size(), 2u);
  EXPECT_EQ(m.findings[0].signature, "wrong_value:codes");
  EXPECT_EQ(m.findings[0].message, kHostileClean);
  EXPECT_THAT(m.findings[0].not_run, HasSubstr("kernel 'gone' is unknown"));
  EXPECT_EQ(m.findings[0].location, "out/campaigns.sqlite");
  EXPECT_EQ(m.findings[1].signature, "stray_write:codes");
  EXPECT_THAT(m.findings[1].shrinking, HasSubstr("ended before it was shrunk"));
  EXPECT_EQ(Xml(html_report(m)).count("//article"), 2u);
  EXPECT_FALSE(store.select(3));
}

}  // namespace
}  // namespace wavefuzz

// Faults that are known by name: what a campaign and `wavefuzz ledger` make of them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/command.h"

namespace wavefuzz {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

const std::string kLink = "https://example.org/issues/7";
const std::string kKernel = "indexer_k_quant_and_cache";

/// A manifest of the kernel under a name of its own, with that code object: a team's kernel, which
/// is wrong for head_dim from 65 with the planted one (gpu/kernels/plants.bzl).
std::string manifest(const std::string& folder, const std::string& object) {
  json m = json::parse(std::ifstream("gpu/manifests/" + kKernel + ".json"));
  m["kernel"] = "our_writer";
  m["code_object"] = "gpu/kernels/" + object + ".{arch}.co";
  m.erase("planted");
  m.erase("planted_code_object");
  const std::string file = folder + "/" + object + ".json";
  std::ofstream(file) << m.dump();
  return file;
}
std::string wrong(const std::string& folder) {
  return manifest(folder, kKernel + ".amax_over_one_wave");
}
std::string right(const std::string& folder) { return manifest(folder, kKernel); }

json entry() {
  return {{"name", "one_wave"},
          {"what", "the largest value of one wave's lanes alone"},
          {"link", kLink},
          {"kernels", {"our_*"}},
          {"signatures", {"wrong_value:*"}},
          {"boundary", {{"head_dim", "65.."}}},
          {"expect", "fails"}};
}

std::string ledger(const std::string& folder, const json& entries) {
  const std::string file = folder + "/ledger.json";
  std::ofstream(file) << json{{"wavefuzz_ledger", 1}, {"entries", entries}}.dump();
  return file;
}

CommandResult campaign(const std::string& manifest, const std::string& folder,
                       const std::string& ledger, const std::string& more = "") {
  return wavefuzz("fuzz --manifest=" + manifest + " --target=sim:gfx942 --cases=40 --quiet --out=" +
                  folder + " --ledger=" + ledger + " " + more);
}

/// The finding's file, as one that somebody keeps.
std::string kept_case(const std::string& folder) {
  EXPECT_EQ(campaign(wrong(folder), folder + "/out", "none").exit, 1);
  const auto files = findings_in(folder + "/out");
  EXPECT_FALSE(files.empty());
  std::ofstream(folder + "/kept.json") << files.begin()->second;
  return "kept.json";
}

TEST(Ledger, AKnownFindingIsSaidWithItsLinkAndIsNoNews) {
  const std::string folder = fresh_folder("known");
  const CommandResult r =
      campaign(wrong(folder), folder, ledger(folder, json::array({entry()})), "--json");
  EXPECT_EQ(r.exit, 0) << r.err;
  EXPECT_THAT(r.err, HasSubstr("\n  known: one_wave, " + kLink + "\n"));
  EXPECT_THAT(r.err, HasSubstr("(known: one_wave)"));
  EXPECT_THAT(r.err, HasSubstr(" of them known\n"));
  const json finding = json::parse(r.out)["jobs"][0]["findings"][0];
  EXPECT_EQ(finding["known_fault"]["link"], kLink);
  EXPECT_EQ(finding["boundary"]["axes"].size() > 0, true) << "as data";
}

TEST(Ledger, AFindingThatDisagreesInAnyThingIsNews) {
  const std::string folder = fresh_folder("news");
  for (const auto& [field, value] :
       std::initializer_list<std::pair<const char*, json>>{{"boundary", {{"head_dim", "..64"}}},
                                                           {"boundary", {{"tokens", "2.."}}},
                                                           {"where", "head_dim < 65"},
                                                           {"where", "no_such_parameter == 1"},
                                                           {"kernels", {"their_*"}},
                                                           {"arch", {"gfx950"}},
                                                           {"signatures", {"wrong_value"}}}) {
    json e = entry();
    e[field] = value;
    const CommandResult r = campaign(wrong(folder), folder, ledger(folder, json::array({e})));
    EXPECT_EQ(r.exit, 1) << field << " " << value;
    EXPECT_THAT(r.out, Not(HasSubstr("known: one_wave"))) << field << " " << value;
  }
}

TEST(Ledger, AKnownFaultThatNoLongerFailsIsReported) {
  const std::string folder = fresh_folder("no_longer");
  json e = entry();
  e["cases"] = {kept_case(folder)};
  const std::string file = ledger(folder, json::array({e}));
  const std::string said =
      "ledger: known fault one_wave no longer fails: mark it fixed (kept.json; " + kLink + ")\n";

  EXPECT_EQ(campaign(wrong(folder), folder, file).exit, 0) << "still fails";
  const CommandResult in_campaign = campaign(right(folder), folder, file);
  EXPECT_EQ(in_campaign.exit, 1);
  EXPECT_THAT(in_campaign.out, HasSubstr(said));
  const CommandResult check =
      wavefuzz("ledger check --ledger=" + file + " --manifest=" + right(folder));
  EXPECT_EQ(check.exit, 1) << check.err;
  EXPECT_THAT(check.out, HasSubstr(said));
  EXPECT_THAT(check.out,
              HasSubstr("1 of 1 case replayed: 0 as recorded, 0 in another way, 1 pass"));
}

TEST(Ledger, AFixedFaultThatFailsAgainIsARegression) {
  const std::string folder = fresh_folder("regression");
  json e = entry();
  e["expect"] = "fixed";
  e["cases"] = {kept_case(folder)};
  const std::string file = ledger(folder, json::array({e}));

  EXPECT_EQ(campaign(right(folder), folder, file).exit, 0) << "is fixed";
  const CommandResult r = campaign(wrong(folder), folder, file);
  EXPECT_EQ(r.exit, 1);
  EXPECT_THAT(r.out,
              HasSubstr("ledger: fixed fault one_wave fails again: a regression (kept.json"));
  EXPECT_THAT(r.out, HasSubstr("\n  regression: one_wave, " + kLink + "\n"));
  const CommandResult check =
      wavefuzz("ledger check --ledger=" + file + " --manifest=" + wrong(folder));
  EXPECT_EQ(check.exit, 1) << check.err;
}

TEST(Ledger, WhatCannotBeReplayedIsSaidAndIsNoVerdict) {
  const std::string folder = fresh_folder("cannot");
  json e = entry();
  e["cases"] = {kept_case(folder)};
  const CommandResult r = wavefuzz("ledger check --ledger=" + ledger(folder, json::array({e})));
  EXPECT_EQ(r.exit, 4);
  EXPECT_THAT(r.out, HasSubstr("was not replayed: kernel 'our_writer' has no manifest here"));
}

struct Refused {
  const char* name;
  const char* change;  // a merge patch of entry()
  const char* says;
};

class RefusedEntries : public testing::TestWithParam<Refused> {};

TEST_P(RefusedEntries, GetOneLineThatNamesFileEntryFieldAndValue) {
  const std::string folder = fresh_folder("refused");
  kept_case(folder);
  json e = entry();
  e.merge_patch(json::parse(GetParam().change));
  const std::string file = ledger(folder, json::array({e}));
  const CommandResult r = wavefuzz("ledger --ledger=" + file);
  EXPECT_EQ(r.exit, 2);
  EXPECT_THAT(r.err, testing::StartsWith("wavefuzz: " + file));
  EXPECT_THAT(r.err, HasSubstr("entries[0]"));
  EXPECT_THAT(r.err, HasSubstr(GetParam().says));
  EXPECT_EQ(std::count(r.err.begin(), r.err.end(), '\n'), 1) << r.err;
}

INSTANTIATE_TEST_SUITE_P(
    Ledger, RefusedEntries,
    testing::Values(
        Refused{"no_link", R"({"link": null})", "an entry without one is refused"},
        Refused{"a_link_that_is_none", R"({"link": "see docs"})",
                "'one_wave' must be an http or https URL, is \"see docs\""},
        Refused{"no_kernels", R"({"kernels": []})", "kernels"},
        Refused{"an_unknown_field", R"({"expects": "fails"})", "expects"},
        Refused{"an_expectation", R"({"expect": "maybe"})", "must be \"fails\" or \"fixed\""},
        Refused{"a_kind_that_is_none", R"({"signatures": ["lost_value:*"]})",
                "'one_wave' must begin with a kind of finding, is \"lost_value:*\""},
        Refused{"a_range", R"({"boundary": {"ctx": "241-255"}})", "boundary.ctx"},
        Refused{"an_expression", R"({"where": "1 +"})", "where"},
        Refused{"a_case_that_is_not_there", R"({"cases": ["gone.json"]})", ""},
        Refused{"a_case_of_another_kernel", R"({"cases": ["kept.json"], "kernels": ["other"]})",
                "is of kernel 'our_writer', which 'kernels' does not name"},
        Refused{"a_case_that_fails_otherwise",
                R"({"cases": ["kept.json"], "signatures": ["data_race"]})",
                "which 'signatures' does not name"}),
    [](const testing::TestParamInfo<Refused>& refused) { return std::string(refused.param.name); });

TEST(Ledger, OfTheTreeIsReadAndListed) {
  const CommandResult r = wavefuzz("ledger --json");
  ASSERT_EQ(r.exit, 0) << r.err;
  const json entries = json::parse(r.out);
  EXPECT_GT(entries.size(), 30u);
  size_t cases = 0;
  for (const json& e : entries) cases += e["cases"].size();
  EXPECT_GE(cases, 60u);
}

}  // namespace
}  // namespace wavefuzz

#include "fuzz/search/scenario.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "gpu/error.h"

namespace wavefuzz {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;

json small_scenario() {
  return json::parse(R"json({
    "scenario": "s", "summary": "t",
    "groups": [{
      "name": "g",
      "axes": {"ctx": [1, 40], "route": [{"gqa": 2, "kernel": "two"}, {"gqa": 3, "kernel": "three"}]},
      "where": "ctx > 1 || gqa == 2",
      "case": {
        "operator": "op", "kernel": "{kernel}", "target": "sim:gfx942", "seed": 1,
        "params": {"gqa": "=gqa", "scale": "=ctx / 16", "note": "{kernel} at {ctx}"},
        "tensors": {"context_lens": [{"$repeat": "=ctx", "count": 2}, 7], "q_heads": [{"$range": "=gqa"}]}
      },
      "expect": [{"when": "gqa == 3", "verdict": "fail", "signature": "wrong_value:*"},
                 {"verdict": "pass|weak"}]
    }]
  })json");
}

Scenario load(const json& document) {
  const std::string path = testing::TempDir() + "scenario.json";
  std::ofstream(path) << document.dump();
  return Scenario::load(path);
}

std::string load_error(const json& document) {
  try {
    load(document);
  } catch (const Error& e) {
    return e.what();
  }
  return "no error";
}

TEST(Scenario, EveryCombinationThatWhereLeavesIsACase) {
  const Scenario s = load(small_scenario());
  ASSERT_EQ(s.cases.size(), 3u);
  EXPECT_THAT(s.cases[0].axes, ElementsAre(std::pair("ctx", "1"), std::pair("gqa", "2"),
                                           std::pair("kernel", "two")));
  EXPECT_EQ(s.cases[2].c.kernel, "three");
}

TEST(Scenario, TheTemplateIsFilledIn) {
  const Case c = load(small_scenario()).cases[2].c;
  EXPECT_EQ(c.params.integer("gqa"), 3);
  EXPECT_EQ(c.params.real("scale"), 2.5);
  EXPECT_EQ(c.params.text("note"), "three at 40");
  EXPECT_THAT(c.integers.at("context_lens"), ElementsAre(40, 40, 7));
  EXPECT_THAT(c.integers.at("q_heads"), ElementsAre(0, 1, 2));
}

TEST(Scenario, TheFirstRuleThatAppliesSaysWhatIsExpected) {
  const Scenario s = load(small_scenario());
  EXPECT_EQ(s.cases[0].expected_verdict, "pass|weak");
  EXPECT_EQ(s.cases[2].expected_verdict, "fail");
  EXPECT_EQ(s.cases[2].expected_signature, "wrong_value:*");
}

TEST(ScenarioErrors, NameTheField) {
  json document = small_scenario();
  document["groups"][0]["expect"][0]["verdict"] = "fial";
  EXPECT_THAT(load_error(document), HasSubstr("groups[0].expect[0].verdict"));
  document = small_scenario();
  document["groups"][0]["expect"].erase(1);
  EXPECT_THAT(load_error(document), HasSubstr("has no rule for one of the cases"));
  document = small_scenario();
  document["groups"][0]["case"]["params"]["gqa"] = "=gqq";
  EXPECT_THAT(load_error(document), HasSubstr("gqq"));
  document = small_scenario();
  document["groups"][0]["expect"][0]["signature"] = "wrong_valeu:*";
  EXPECT_THAT(load_error(document), HasSubstr("must begin with a kind of finding"));
  document = small_scenario();
  document["groups"][0]["case"].erase("seed");
  EXPECT_THAT(load_error(document), HasSubstr("seed"));
}

}  // namespace
}  // namespace wavefuzz

#include "fuzz/case/case.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gpu/error.h"

namespace wavefuzz {
namespace {

using nlohmann::json;
using testing::HasSubstr;

Case example() {
  Case c;
  c.op = "op";
  c.kernel = "kernel";
  c.plant = "bug";
  c.target = "sim:gfx942";
  c.seed = 18446744073709551615u;
  c.params.set("head_dim", 128);
  c.params.set("layout", "shuffle");
  c.rows["k"] = {{"normal", -3, {}}, {"zero", 0, {{0, 0x3F80}, {127, 0x8000}}}};
  c.rows["empty"] = {};
  c.integers["slot_mapping"] = {5, -1, int64_t{1} << 40};
  c.integers["none"] = {};
  return c;
}

const char* const kText = R"json({
 "operator": "op", "kernel": "kernel+bug", "target": "sim:gfx942", "seed": 18446744073709551615,
 "params": {"head_dim": 128, "layout": "shuffle"},
 "tensors": {
  "none": [],
  "slot_mapping": [5, -1, 1099511627776],
  "empty": {"rows": []},
  "k": {"rows": [{"fill": "normal", "exponent": -3}, {"fill": "zero", "set": {"0": "0x3f80", "127": "0x8000"}}]}
 }})json";

Case parse(const json& document) { return parse_case(JsonView(document, "c.json")); }

std::string error_of(const json& document) {
  try {
    parse(document);
  } catch (const Error& e) {
    EXPECT_EQ(e.exit(), Exit::kUsage);
    return e.what();
  }
  return "no error";
}

TEST(Case, ReadsItsText) { EXPECT_EQ(parse(json::parse(kText)), example()); }

TEST(Case, WritesItsText) { EXPECT_EQ(json(to_json(example())), json::parse(kText)); }

TEST(Case, HasAnIdThatChangesWithEveryPart) {
  const std::string id = case_id(example());
  EXPECT_EQ(id.size(), 12u);
  EXPECT_EQ(id, case_id(example()));
  Case c = example();
  c.seed = 1;
  EXPECT_NE(case_id(c), id);
  c = example();
  c.rows["k"][1].set[0] = 0x3F81;
  EXPECT_NE(case_id(c), id);
  c = example();
  c.plant = "";
  EXPECT_NE(case_id(c), id);
}

TEST(StableHash, IsFnv1a) {
  EXPECT_EQ(stable_hash(""), 0xcbf29ce484222325u);  // the published offset basis and test vectors
  EXPECT_EQ(stable_hash("a"), 0xaf63dc4c8601ec8cu);
  EXPECT_EQ(stable_hash("foobar"), 0x85944171f73967e8u);
}

TEST(CaseErrors, NameFileFieldAndValue) {
  json document = json::parse(kText);
  document.erase("target");
  EXPECT_EQ(error_of(document), "c.json: field 'target' is missing");
  document = json::parse(kText);
  document["params"]["head_dim"] = true;
  EXPECT_EQ(error_of(document), "c.json: field 'params.head_dim' must be an integer, is true");
  document = json::parse(kText);
  document["seed"] = -1;
  EXPECT_THAT(error_of(document), HasSubstr("'seed'"));
  document = json::parse(kText);
  document["tensors"]["k"]["rows"][1]["set"]["127"] = "0x180000000";
  EXPECT_THAT(error_of(document), HasSubstr("'tensors.k.rows[1].set.127'"));
  document = json::parse(kText);
  document["tensors"]["k"]["rows"][0]["exponent"] = int64_t{1} << 40;
  EXPECT_THAT(error_of(document), HasSubstr("'tensors.k.rows[0].exponent'"));
  EXPECT_EQ(error_of(json::parse("[1]")), "c.json: the document must be an object, is [1]");
}

}  // namespace
}  // namespace wavefuzz
